import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Proposal } from '../../../../lib/rules/decision.ts';
import { parseRolloutHistory } from '../../../../lib/rules/rollout-policy/history.ts';
import {
  heldProposal,
  knownWrites,
  startedProposal,
} from '../../../../lib/rules/rollout-policy/policy.ts';
import { hashOf, minutes, now } from './rules.ts';

const limit = { count: 3, period: '1h' };
const changed: Proposal = {
  reason: 'ConfigChanged',
  sentence: 'ConfigMap/app changed',
  notes: ['a note'],
  changed: ['ConfigMap/app'],
  hashAnnotations: { hash: hashOf('a'), sources: '{}' },
};
const given = new Map([['ConfigMap/app', { version: 'u,1,', at: now, failed: false }]]);

suite('a proposal after the rollout policy', () => {
  test('that starts a rollout has the times within the period, the current time, and the versions on trial', () => {
    const writes = [minutes(-70), minutes(-50), minutes(-10)];
    const { start, ...rest } = startedProposal(changed, limit, { now, writes, given });
    assert.deepEqual(rest, changed);
    assert.equal(start?.given, given);
    assert.deepEqual(parseRolloutHistory(start?.history), {
      times: [minutes(-50), minutes(-10), now],
      hash: hashOf('a').slice(0, 12),
      given,
    });
  });

  test('without a hash stays as it is', () => {
    const other = { ...changed, hashAnnotations: undefined };
    assert.equal(startedProposal(other, limit, { now, writes: [], given }), other);
  });

  test('that is held writes no hash, and names the changed sources', () => {
    const hold = { reason: 'Paused', sentence: 'it is paused' } as const;
    const { blockers, ...without } = heldProposal({ ...changed, blockers: ['b'] }, hold, {
      since: now,
    });
    assert.deepEqual(heldProposal(changed, hold, { since: now }), without);
    assert.deepEqual(blockers, ['b']);
    assert.deepEqual(heldProposal({ ...changed, blockers: ['b'] }, hold, { since: now }), {
      ...hold,
      ...{ notes: ['a note'], changed: ['ConfigMap/app'], hashAnnotations: undefined },
      ...{ held: { since: now }, blockers: ['b'] },
    });
  });
});

suite('the known writes of a hash', () => {
  const three = [minutes(-3), minutes(-2), minutes(-1)];
  for (const [what, recorded, shown, expected] of [
    ['are those of the record', three, [], three],
    ['are those of the revisions if the record was removed', [], three, three],
    ['are those of the revisions if they are more within the period', [minutes(-90)], three, three],
    ['are those of the record if both are as many', three, [minutes(-9), minutes(-8)], three],
  ] as const) {
    test(what, () => {
      assert.deepEqual(knownWrites(recorded, shown, limit, now), expected);
    });
  }
});
