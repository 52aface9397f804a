import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { nextPassOf } from '../../../lib/explanation/next-pass.ts';
import { decisionOf } from '../../../lib/rules/decision.ts';
import { type Reason, reasons } from '../../../lib/rules/reason.ts';
import {
  present,
  readingsOf,
  referencing,
  someHash,
  someProposal,
  someWorkload,
} from '../rules/some-workload.ts';

const optedIn = { yes: true, why: [] };
const inScope = { yes: true, why: [] };
const workload = someWorkload({ configuration: referencing('ConfigMap/settings') });

function decided(reason: Reason, { compared = true, certain = true, writes = false } = {}) {
  const proposal = someProposal(reason, { hashAnnotations: writes ? someHash : undefined });
  const readings = readingsOf({ 'ConfigMap/settings': present() });
  const decision = decisionOf(workload, proposal, readings, 'references');
  return { workload, decision, compared, certain, queueAsked: true };
}

suite('the next pass', () => {
  test('does what was decided', () => {
    assert.deepEqual(nextPassOf(decided('FirstSeen', { writes: true }), { optedIn, inScope }), {
      ...{ reason: 'FirstSeen', wouldRestart: true, certain: true, changed: [] },
      ...{ queueAsked: true, held: null },
      sentence: 'why it is FirstSeen; it owns ConfigMap/settings',
      ownership: {
        ...{ referencesAdded: ['ConfigMap/settings'], referencesRemoved: [], finalizer: 'kept' },
      },
    });
  });

  test('does nothing to a workload that is out of scope, and says why', () => {
    const next = nextPassOf(decided('UpToDate'), {
      optedIn,
      inScope: { yes: false, why: ['its kind is not named', 'another reason'] },
    });
    assert.deepEqual([next.reason, next.wouldRestart], [null, false]);
    assert.equal(next.sentence, 'nothing: its kind is not named');
  });

  test('does nothing to a workload that it does not list', () => {
    const not = (why: readonly string[]) =>
      nextPassOf(undefined, { optedIn: { yes: false, why }, inScope }).sentence;
    assert.equal(not(['it has no annotation']), 'nothing: it has no annotation');
    assert.equal(not([]), 'nothing: it is not in scope');
  });

  test('is uncertain if other permissions may change it, or if the scope is unknown', () => {
    const unknown = { optedIn, inScope: { yes: null, why: [] } };
    assert.equal(
      nextPassOf(decided('UpToDate', { certain: false }), { optedIn, inScope }).certain,
      false,
    );
    assert.equal(nextPassOf(decided('UpToDate'), unknown).certain, false);
  });

  test('holds a change since a time, and until a time if that is known', () => {
    const since = Date.parse('2026-11-30T06:55:00Z');
    const until = Date.parse('2026-11-30T08:00:00Z');
    const next = (held: { since: number; until?: number }) => {
      const { decision, ...rest } = decided('OutsideWindow');
      return nextPassOf({ ...rest, decision: { ...decision, held } }, { optedIn, inScope });
    };
    const { held, reason, wouldRestart } = next({ since, until });
    assert.deepEqual([reason, wouldRestart], ['OutsideWindow', false]);
    assert.deepEqual(held, { since: '2026-11-30T06:55:00Z', until: '2026-11-30T08:00:00Z' });
    assert.deepEqual(next({ since }).held, { since: '2026-11-30T06:55:00Z', until: null });
  });

  test('says if the state of the queue is unknown', () => {
    const writing = { ...decided('FirstSeen', { writes: true }), queueAsked: false };
    assert.equal(nextPassOf(writing, { optedIn, inScope }).queueAsked, false);
  });

  test('is unknown without the hash key, if a hash was compared', () => {
    const unknown = (Object.keys(reasons) as Reason[]).filter((reason) => {
      const { reason: said, certain } = nextPassOf(decided(reason, { compared: false }), {
        optedIn,
        inScope,
      });
      assert.equal(certain, said !== null);
      return said === null;
    });
    assert.deepEqual(unknown.sort(), [
      ...['Adopted', 'AlreadyCurrent', 'AwaitingApproval', 'CoolingDown', 'LimitExceeded'],
      ...['OutsideWindow', 'Paused', 'PolicyUnreadable', 'Queued', 'Reverted', 'Settling'],
      ...['StoppedByFailure', 'UpToDate'],
    ]);
    const writing = decided('FirstSeen', { compared: false, writes: true });
    assert.equal(nextPassOf(writing, { optedIn, inScope }).reason, null);
  });
});
