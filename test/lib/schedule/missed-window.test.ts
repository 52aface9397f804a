import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { cronMoments } from '../../../lib/schedule/cron.ts';
import { missedWindow, type PassTimes } from '../../../lib/schedule/missed-window.ts';
import { readWindows } from '../../../lib/schedule/window-list.ts';

const now = Date.parse('2026-11-30T07:00:00Z');
const minutes = (count: number): PassTimes => ({ everyMs: count * 60_000 });
const cron = (schedule: string): PassTimes => ({ moments: cronMoments(schedule, 'UTC') });

type Given = readonly [schedule: string, duration: string, kind?: 'allow' | 'deny'];

function missed(given: readonly Given[], passes: PassTimes, delayMs = 0): string | undefined {
  const list = given.map(([schedule, duration, kind = 'allow']) => ({ kind, schedule, duration }));
  const windows = readWindows(list, 'UTC', 'setting rollouts.windows');
  assert.ok(!('problem' in windows));
  return missedWindow(windows, passes, delayMs, now)?.schedule;
}

suite('a window in which no pass may start', () => {
  test('is one that is shorter than the time between two passes', () => {
    const night = '0 22 * * *';
    assert.equal(missed([[night, '5m']], minutes(10)), night);
    assert.equal(missed([[night, '10m']], minutes(10)), undefined);
    assert.equal(missed([[night, '10m']], minutes(10), 1_000), night);
    assert.equal(missed([[night, '1h']], minutes(10), 1_000), undefined);
  });

  test('is one between two moments of a schedule', () => {
    assert.equal(missed([['5 22 * * *', '50m']], cron('0 * * * *')), '5 22 * * *');
    assert.equal(missed([['5 22 * * *', '55m']], cron('0 * * * *')), '5 22 * * *');
    assert.equal(missed([['5 22 * * *', '56m']], cron('0 * * * *')), undefined);
    assert.equal(missed([['0 22 * * *', '1m']], cron('0 * * * *')), undefined);
    assert.equal(missed([['0 22 * * *', '1m']], cron('0 * * * *'), 60_000), '0 22 * * *');
  });

  test('is also one that is only missed on some days', () => {
    assert.equal(missed([['0 22 * * *', '1h']], cron('0 22 * * 1-5')), '0 22 * * *');
    assert.equal(missed([['0 22 * * 1-5', '1h']], cron('0 22 * * 1-5')), undefined);
  });

  test('does not exist if another window follows at once', () => {
    assert.equal(missed([['*/5 * * * *', '5m']], minutes(30)), undefined);
    assert.equal(
      missed(
        [
          ['0 22 * * *', '5m'],
          ['5 22 * * *', '1h'],
        ],
        minutes(30),
      ),
      undefined,
    );
  });

  test('is never a deny window', () => {
    assert.equal(missed([['0 22 * * *', '5m', 'deny']], minutes(10)), undefined);
    assert.equal(missed([], minutes(10)), undefined);
  });
});
