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
  test('lets all writes through while the Lease is held and the pass has not ended', () => {
    for (const lease of [undefined, held(true)]) {
      const gate = createGate(lease, going, why);
      assert.equal(thrownBy(gate.assertMayWrite), undefined);
      assert.equal(thrownBy(gate.assertLeaseHeld), undefined);
    }
  });

  test('lets Events through for writes that were done before the pass was interrupted', () => {
    const gate = createGate(held(true), stopped, why);
    assert.equal(thrownBy(gate.assertMayWrite)?.pass, 'Interrupted');
    assert.equal(thrownBy(gate.assertMayWrite)?.message, 'it was interrupted');
    assert.equal(thrownBy(gate.assertLeaseHeld), undefined);
  });

  test('stops all writes once the Lease is lost, and reports this before any other reason', () => {
    const gate = createGate(held(false), stopped, why);
    assert.equal(thrownBy(gate.assertMayWrite)?.pass, 'LeaseLost');
    assert.equal(thrownBy(gate.assertLeaseHeld)?.pass, 'LeaseLost');
  });

  test('distinguishes an error from the end of the pass and an error of the work', () => {
    const error = new Error('aborted');
    assert.equal(stoppedBy(error, createGate(undefined, going, why)), undefined);
    assert.equal(stoppedBy(error, createGate(undefined, stopped, why))?.pass, 'Interrupted');
    const before = new PassStopped('LeaseLost', 'lost');
    assert.equal(stoppedBy(before, createGate(undefined, going, why)), before);
  });
});
