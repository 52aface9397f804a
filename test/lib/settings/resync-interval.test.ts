import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'node-cron';
import { UsageError } from '../../../lib/errors.ts';
import { cronForInterval, intervalProblem } from '../../../lib/settings/resync-interval.ts';

const day = 86_400;

/** Each second of a day at which node-cron's own reading of the expression fires. */
function ticks(expression: string): number[] {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = parse(expression);
  assert.equal(dayOfMonth.length, 31);
  assert.equal(month.length, 12);
  assert.equal(new Set(dayOfWeek.map((each) => Number(each) % 7)).size, 7);
  return hour
    .flatMap((h) => minute.flatMap((m) => second.map((s) => h * 3_600 + m * 60 + s)))
    .sort((a, b) => a - b);
}

/** Whether the ticks, going on over midnight, are always the same time apart; and how far. */
function gap(at: readonly number[]): number | undefined {
  const gaps = at.map((tick, index) => (at[index + 1] ?? (at[0] ?? 0) + day) - tick);
  return new Set(gaps).size === 1 ? gaps[0] : undefined;
}

test('an interval of any number of seconds up to a day is either ticked exactly or refused', () => {
  const taken: number[] = [];
  for (let seconds = 0; seconds <= day + 60; seconds += 1) {
    if (intervalProblem(`${seconds}s`) !== undefined) {
      assert.throws(() => cronForInterval(`${seconds}s`), UsageError);
      continue;
    }
    assert.equal(gap(ticks(cronForInterval(`${seconds}s`))), seconds);
    taken.push(seconds);
  }
  assert.equal(taken.length, 30);
});

test('no interval is refused that steps of seconds, minutes or hours could say exactly', () => {
  for (const [prefix, suffix, unit, limit] of [
    ['', ' * * * * *', 1, 60],
    ['', ' * * * *', 60, 60],
    ['0 ', ' * * *', 3_600, 24],
  ] as const) {
    for (let step = 1; step <= limit; step += 1) {
      const apart = gap(ticks(`${prefix}*/${step}${suffix}`));
      if (apart === undefined) assert.notEqual(intervalProblem(`${step * unit}s`), undefined);
      else assert.equal(intervalProblem(`${apart}s`), undefined, `${apart}s`);
    }
  }
});

for (const [interval, expression] of [
  ['1s', '* * * * * *'],
  ['30s', '*/30 * * * * *'],
  ['60s', '* * * * *'],
  ['1m', '* * * * *'],
  ['5m', '*/5 * * * *'],
  ['60m', '0 * * * *'],
  ['2h', '0 */2 * * *'],
  ['1h0m0s', '0 * * * *'],
  ['24h', '0 0 * * *'],
  ['1d', '0 0 * * *'],
] as const) {
  test(`the interval ${interval} is the cron expression ${expression}`, () => {
    assert.equal(cronForInterval(interval), expression);
  });
}

for (const [interval, expected] of [
  ['7m', '7m cannot be said exactly by a cron schedule; the nearest that can are 6m and 10m'],
  ['90s', '90s cannot be said exactly by a cron schedule; the nearest that can are 1m and 2m'],
  ['90m', '90m cannot be said exactly by a cron schedule; the nearest that can are 1h and 2h'],
  ['1h30m', '1h30m cannot be said exactly by a cron schedule; the nearest that can are 1h and 2h'],
  ['45s', '45s cannot be said exactly by a cron schedule; the nearest that can are 30s and 1m'],
  ['5h', '5h cannot be said exactly by a cron schedule; the nearest that can are 4h and 6h'],
  ['0s', 'the shortest interval is 1s'],
  ['25h', 'the longest interval is 1d; what is rarer needs schedule instead'],
  ['99999999999999999999d', 'the longest interval is 1d; what is rarer needs schedule instead'],
  ['', 'must be an interval such as 30s, 5m, 2h or 1d'],
  ['5', 'must be an interval such as 30s, 5m, 2h or 1d'],
  ['5 m', 'must be an interval such as 30s, 5m, 2h or 1d'],
  ['-5m', 'must be an interval such as 30s, 5m, 2h or 1d'],
  ['1.5h', 'must be an interval such as 30s, 5m, 2h or 1d'],
  ['5m1h', 'must be an interval such as 30s, 5m, 2h or 1d'],
  ['5M', 'must be an interval such as 30s, 5m, 2h or 1d'],
] as const) {
  test(`the interval "${interval}" is refused with what to give instead`, () => {
    assert.equal(intervalProblem(interval), expected);
  });
}

test('an interval that cannot be said throws one line that names the setting and the value', () => {
  assert.throws(() => cronForInterval('7m'), {
    name: 'UsageError',
    exit: 2,
    message:
      'resyncInterval is "7m": 7m cannot be said exactly by a cron schedule; the nearest that can are 6m and 10m',
  });
});
