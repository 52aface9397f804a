import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { rolloutRulesOf } from '../../../../lib/rules/rollout-policy/policy-settings.ts';
import { joinLevels } from '../../../../lib/rules/rollout-policy/precedence.ts';
import { defaultSettings, type RolloutSettings } from '../../../../lib/settings/schema.ts';

const rulesOf = (given: Partial<RolloutSettings>) =>
  rolloutRulesOf({ ...defaultSettings.rollouts, ...given }, 'Europe/Berlin');

suite('the settings of rollouts', () => {
  test('hold nothing by default, and do not limit rollouts', () => {
    const { level, limits, limit } = rulesOf({});
    assert.deepEqual(joinLevels([level]), { pauses: [], windows: [] });
    assert.deepEqual(limits, { progressDeadlineMs: 600_000 });
    assert.deepEqual(limit, { count: 10, period: '1h' });
  });

  test('are one level of the policy, by their own names', () => {
    const { level, timeZone } = rulesOf({
      paused: '2026-12-24T18:00:00Z',
      windows: [{ kind: 'deny', schedule: '0 9 * * *', duration: '1h' }],
      ...{ approval: 'required', settle: '30s', cooldown: '10m' },
    });
    const { pauses, windows, approval, settle, cooldown } = joinLevels([level]);
    assert.deepEqual(pauses, [
      { until: Date.parse('2026-12-24T18:00:00Z'), from: 'setting rollouts.paused' },
    ]);
    assert.equal(windows[0]?.timeZone, 'Europe/Berlin');
    assert.equal(windows[0].from, 'setting rollouts.windows');
    assert.equal(approval?.from, 'setting rollouts.approval');
    assert.deepEqual(settle, { ms: 30_000, text: '30s', from: 'setting rollouts.settle' });
    assert.deepEqual(cooldown, { ms: 600_000, text: '10m', from: 'setting rollouts.cooldown' });
    assert.equal(timeZone, 'Europe/Berlin');
  });

  test('give numbers and percentages, as numbers and as texts', () => {
    const { limits } = rulesOf({ maxConcurrent: 5, maxConcurrentPerNamespace: '10%' });
    assert.deepEqual(limits.all, { count: 5 });
    assert.deepEqual(limits.perNamespace, { percent: 10 });
    assert.deepEqual(rulesOf({ maxConcurrent: '5' }).limits.all, { count: 5 });
    assert.equal(rulesOf({ progressDeadline: '1h' }).limits.progressDeadlineMs, 3_600_000);
  });

  test('pause with true, but not with false', () => {
    assert.equal(joinLevels([rulesOf({ paused: true }).level]).pauses.length, 1);
    assert.equal(joinLevels([rulesOf({ paused: 'true' }).level]).pauses.length, 1);
    assert.equal(joinLevels([rulesOf({ paused: false }).level]).pauses.length, 0);
  });

  test('are a bug of the program if they were not checked', () => {
    assert.throws(() => rulesOf({ paused: 'yes' }), /not checked/);
    assert.throws(() => rulesOf({ windows: [{}] }), /not checked/);
  });
});
