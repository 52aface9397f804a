import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Proposal } from '../../../../lib/rules/decision.ts';
import { parseHistory } from '../../../../lib/rules/rollout-policy/history.ts';
import { afterHolds } from '../../../../lib/rules/rollout-policy/policy.ts';

const now = Date.parse('2026-11-30T07:00:00Z');
const minutes = (count: number) => now - count * 60_000;
const hashAnnotations = { hash: 'a'.repeat(64), sources: '{}' };
const changed: Proposal = {
  reason: 'ConfigChanged',
  sentence: 'ConfigMap/flap changed',
  notes: [],
  changed: ['ConfigMap/flap'],
  hashAnnotations,
};
const policy = { limit: { count: 3, period: '1h' }, timeZone: 'UTC' };

suite('the policy of rollouts', () => {
  test('lets a hash be written below the limit, with the time of it', () => {
    const writes = [minutes(50), minutes(10)];
    const decision = afterHolds(changed, policy, { now, writes });
    assert.equal(decision.hashAnnotations, hashAnnotations);
    assert.deepEqual(parseHistory(decision.history), [...writes, now]);
  });

  test('holds a workload at the limit until the first of its rollouts is older than the period', () => {
    const writes = [minutes(10), minutes(50), minutes(59), minutes(61)];
    const held = afterHolds(changed, policy, { now, writes });
    assert.equal(held.reason, 'LimitExceeded');
    assert.equal(held.hashAnnotations, undefined);
    assert.equal(held.history, undefined);
    assert.deepEqual(held.changed, ['ConfigMap/flap']);
    assert.match(
      held.sentence,
      /\(ConfigMap\/flap\), but 3 rollouts .* until 2026-11-30T07:01:00Z,/,
    );
    const later = afterHolds(changed, policy, { now: now + 60_000, writes });
    assert.equal(later.reason, 'ConfigChanged');
    assert.deepEqual(parseHistory(later.history), [minutes(50), minutes(10), now + 60_000]);
  });

  test('counts a workload that is seen first as well', () => {
    const first = { ...changed, reason: 'FirstSeen' } as const;
    const writes = [minutes(1), minutes(2), minutes(3)];
    assert.equal(afterHolds(first, policy, { now, writes }).reason, 'LimitExceeded');
  });

  test('says the local time of another zone as well', () => {
    const writes = [minutes(1), minutes(2), minutes(3)];
    const abroad = { ...policy, timeZone: 'Europe/Berlin' };
    const { sentence } = afterHolds(changed, abroad, { now, writes });
    assert.match(sentence, /until 2026-11-30T07:57:00Z \(2026-11-30 08:57:00 Europe\/Berlin\),/);
  });

  test('waits for as many rollouts to grow old as a lowered limit asks for', () => {
    const writes = [1, 2, 3, 4, 5].map(minutes);
    const { sentence } = afterHolds(changed, policy, { now, writes });
    assert.match(sentence, /until 2026-11-30T07:57:00Z,/);
  });

  test('has no limit with a count of 0, and records nothing', () => {
    const none = { ...policy, limit: { count: 0, period: '1h' } };
    const writes = Array.from({ length: 500 }, () => now);
    const decision = afterHolds(changed, none, { now, writes });
    assert.deepEqual(decision, changed);
  });

  test('leaves a decision alone that writes no hash', () => {
    const writes = [1, 2, 3].map(minutes);
    for (const reason of ['UpToDate', 'Adopted', 'Reverted', 'MissingSource'] as const) {
      const decision = { ...changed, reason, hashAnnotations: undefined };
      assert.equal(afterHolds(decision, policy, { now, writes }), decision);
    }
  });
});
