import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { coolingDown } from '../../../../lib/rules/rollout-policy/cooling-down.ts';
import {
  formatHistory,
  parseHistory,
  withinPeriod,
} from '../../../../lib/rules/rollout-policy/history.ts';
import { limitExceeded } from '../../../../lib/rules/rollout-policy/limit.ts';
import { change, hashOf, seconds } from './rules.ts';

const hour = 3_600_000;
const limit = { count: 10, period: '1h' };
const cooldown = { ms: 300_000, text: '5m', from: 'a test' };

/**
 * Simulates a Secret that changes every second for `forSeconds` seconds, and passes with a period of `passEach`
 * seconds.
 *
 * @returns the times in seconds at which hashes were written, until the workload is current
 */
function flap(forSeconds: number, passEach: number, policy: object): number[] {
  let history: string | undefined;
  let written = 0;
  const writes: number[] = [];
  const inForce = { limit, timeZone: 'UTC', ...policy };
  for (let second = passEach; second < 100_000; second += passEach) {
    const version = Math.min(second, forSeconds);
    if (version === written) return writes;
    const circumstances = { now: seconds(second), writes: parseHistory(history) ?? [] };
    const hold =
      coolingDown(change, inForce, circumstances) ?? limitExceeded(change, inForce, circumstances);
    if (hold !== undefined) continue;
    const before = withinPeriod(circumstances.writes, hour, circumstances.now);
    history = formatHistory(before, circumstances.now, limit.count, {
      ...{ hash: hashOf('a'), given: new Map() },
    });
    written = version;
    writes.push(second);
  }
  return assert.fail('it never becomes current');
}

/** The highest number of writes in any period of one hour. */
function mostInAnHour(writes: readonly number[]): number {
  return Math.max(
    ...writes.map((at) => writes.filter((each) => each >= at && each < at + 3600).length),
  );
}

suite('a limit of rollouts, simulated', () => {
  for (const passEach of [1, 7, 60]) {
    test(`lets a Secret that changes each second for three hours roll a workload at most ten times in any hour, with a pass each ${passEach} s, and the workload is current in the end`, () => {
      const writes = flap(3 * 3600, passEach, {});
      assert.equal(mostInAnHour(writes), 10);
      const last = writes.at(-1) ?? 0;
      assert.ok(last >= 3 * 3600 && last <= 4 * 3600 + passEach, String(last));
      assert.ok(writes.length <= 41, String(writes.length));
    });
  }

  test('works together with a cooldown, which spreads the rollouts', () => {
    const writes = flap(3600, 1, { cooldown });
    assert.ok(mostInAnHour(writes) <= 10);
    for (const [i, at] of writes.entries()) {
      assert.ok(i === 0 || at - (writes[i - 1] ?? 0) >= 300);
    }
  });
});
