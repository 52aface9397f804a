import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createGate, PassStopped, stoppedBy, thrownBy } from '../../handler/gate.ts';

const held = (isHeld: boolean) => ({
  isHeld: () => isHeld,
  lost: new AbortController().signal,
  serverTime: () => new Date(),
});
const going = new AbortController().signal;
const stopped = AbortSignal.abort();
const why = () => 'it was interrupted';

suite('the gate of a pass', () => {
  test('lets everything through while the lease is held and nothing ends the pass', () => {
    for (const lease of [undefined, held(true)]) {
      const gate = createGate(lease, going, why);
      assert.equal(thrownBy(gate.assertMayWrite), undefined);
      assert.equal(thrownBy(gate.assertLeaseHeld), undefined);
    }
  });

  test('lets Events about writes through that were done before the pass was interrupted', () => {
    const gate = createGate(held(true), stopped, why);
    assert.equal(thrownBy(gate.assertMayWrite)?.pass, 'Interrupted');
    assert.equal(thrownBy(gate.assertMayWrite)?.message, 'it was interrupted');
    assert.equal(thrownBy(gate.assertLeaseHeld), undefined);
  });

  test('lets nothing through once the lease is lost, and says that whatever else ends the pass', () => {
    const gate = createGate(held(false), stopped, why);
    assert.equal(thrownBy(gate.assertMayWrite)?.pass, 'LeaseLost');
    assert.equal(thrownBy(gate.assertLeaseHeld)?.pass, 'LeaseLost');
  });

  test('tells an error that came of the end of the pass from one of the work', () => {
    const error = new Error('aborted');
    assert.equal(stoppedBy(error, createGate(undefined, going, why)), undefined);
    assert.equal(stoppedBy(error, createGate(undefined, stopped, why))?.pass, 'Interrupted');
    const before = new PassStopped('LeaseLost', 'lost');
    assert.equal(stoppedBy(before, createGate(undefined, going, why)), before);
  });
});
