import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { coolingDown } from '../../../../lib/rules/rollout-policy/cooling-down.ts';
import { change, minutes, now, seconds } from './rules.ts';

const cooldown = { ms: 600_000, text: '10m', from: 'setting rollouts.cooldown' };
const held = (...writes: number[]) =>
  coolingDown(change, { cooldown, timeZone: 'UTC' }, { now, writes });

suite('a cooldown', () => {
  test('holds until the last write is as old as the cooldown', () => {
    assert.deepEqual(held(minutes(-20), minutes(-4)), {
      reason: 'CoolingDown',
      sentence:
        'its configuration changed (ConfigMap/app), but its last rollout started less than 10m ago (setting rollouts.cooldown): nothing is written until 2026-11-30T07:06:00Z, then it restarts once with the current configuration',
      until: minutes(6),
    });
  });

  test('is over when the last write is old enough, and holds nothing without a write', () => {
    assert.equal(held(minutes(-10)), undefined);
    assert.equal(held(minutes(-30), minutes(-11)), undefined);
    assert.equal(held(), undefined);
  });

  test('counts a write in the near future, within the difference of clocks, but no later one', () => {
    assert.equal(held(seconds(2))?.until, seconds(602));
    assert.equal(held(minutes(60)), undefined);
    assert.equal(held(minutes(60), minutes(-9))?.until, minutes(1));
  });

  test('that is not set holds nothing', () => {
    assert.equal(coolingDown(change, { timeZone: 'UTC' }, { now, writes: [now] }), undefined);
  });
});
