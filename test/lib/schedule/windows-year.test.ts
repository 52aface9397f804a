import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cron } from 'croner';
import fc from 'fast-check';
import { isOpenAt, windowsAt } from '../../../lib/schedule/window.ts';
import { readWindows } from '../../../lib/schedule/window-list.ts';
import { durationSeconds } from '../../../lib/text/duration.ts';
import { expressions, shownMinutes } from './cron-reference.ts';

// Each run draws random windows. To repeat a run, or to try more windows:
// WAVE_CRON_SEED=… WAVE_CRON_SETS=20 npx node --test test/lib/schedule/windows-year.test.ts
const seed = Number(process.env['WAVE_CRON_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const setsOfZone = Number(process.env['WAVE_CRON_SETS'] ?? 1);

/** A leap year. */
const [from, to] = [Date.UTC(2028, 0, 1), Date.UTC(2029, 0, 1)];
const minuteMs = 60_000;
const dayMs = 86_400_000;
/** No window lasts this long, so a window that began earlier than this before the year has ended. */
const longestMs = 4 * dayMs;

/** Zones that change their clocks by an hour, by half an hour, at midnight, in both hemispheres, or not at all. */
const zones = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'America/Sao_Paulo', 'Australia/Lord_Howe'],
  ...['Africa/Cairo', 'Asia/Kathmandu', 'Pacific/Chatham', 'America/Santiago', 'Asia/Beirut'],
];

interface Given {
  readonly kind: 'allow' | 'deny';
  readonly schedule: string;
  readonly duration: string;
}

const given: fc.Arbitrary<Given> = fc.record({
  kind: fc.constantFrom('allow', 'deny'),
  schedule: fc.oneof(
    // At and near midnight, and in the hours in which clocks change.
    fc.constantFrom(
      '0 0 * * *',
      '30 2 * * *',
      '0 2 * * 0',
      '30 23 * * *',
      '0 12 29 2 *',
      '0 0 1 * *',
    ),
    expressions({ hour: 90, day: 40 }).map(({ text }) => text),
  ),
  duration: fc.constantFrom('1m', '45m', '1h', '1h30m', '2h', '8h', '1d', '3d12h'),
});

/** The maximum number of starts. With more starts, croner takes too long. */
const mostStarts = 2_000;

/**
 * The local times at which a window begins, as croner reads the window's expression; undefined: too
 * many starts.
 */
function startsOf(schedule: string, shown: readonly number[]): ReadonlySet<number> | undefined {
  const starts = new Set<number>();
  const last = (shown.at(-1) ?? 0) + dayMs;
  // For croner, `*/1` restricts a field. For a CronJob, it does not.
  const plain = schedule.replaceAll(/(?<=^| )\*\/1(?= |$)/g, '*');
  const cron = new Cron(plain, { timezone: 'UTC', paused: true });
  let at = cron.nextRun(new Date((shown[0] ?? 0) - dayMs));
  while (at !== null && at.getTime() <= last) {
    if (starts.add(at.getTime()).size > mostStarts) return undefined;
    at = cron.nextRun(at);
  }
  return starts;
}

/**
 * The minutes in which a window is open, by the documented definition. croner reads the expression, and
 * Intl.DateTimeFormat the local time. Neither is part of the product.
 */
function openMinutes(
  starts: ReadonlySet<number>,
  duration: string,
  shown: readonly number[],
): Uint8Array {
  const open = new Uint8Array(shown.length);
  let left = 0;
  for (const [minute, at] of shown.entries()) {
    if (starts.has(at)) left = (durationSeconds(duration) ?? 0) / 60;
    if (left > 0) open[minute] = 1;
    left -= 1;
  }
  return open;
}

for (const timeZone of zones) {
  test(`in ${timeZone}, windows are open in exactly the minutes of a year that they name, and each hold ends at the reported time`, () => {
    const shown = shownMinutes(timeZone, from - longestMs, to);
    const before = longestMs / minuteMs;
    const sets = fc.sample(fc.array(given, { minLength: 1, maxLength: 4 }), {
      numRuns: setsOfZone,
      seed: seed + zones.indexOf(timeZone),
    });
    for (const drawn of sets) {
      const known = drawn.flatMap((it) => {
        const starts = startsOf(it.schedule, shown);
        return starts === undefined ? [] : [{ it, open: openMinutes(starts, it.duration, shown) }];
      });
      const set = known.map(({ it }) => it);
      const windows = readWindows(set, timeZone, 'a test');
      assert.ok(!('problem' in windows), JSON.stringify([windows, set]));
      const each = known.map(({ it, open }) => ({ ...it, open }));
      const allowing = each.filter(({ kind }) => kind === 'allow');
      const denying = each.filter(({ kind }) => kind === 'deny');
      const expected = (minute: number): boolean =>
        denying.every(({ open }) => open[before + minute] === 0) &&
        (allowing.length === 0 || allowing.some(({ open }) => open[before + minute] === 1));
      const where = (at: number) =>
        `${JSON.stringify(set)} in ${timeZone} at ${new Date(at).toISOString()}; WAVE_CRON_SEED=${seed}`;
      let announced: number | 'not asked' | 'far away' = 'not asked';
      for (let at = from; at < to; at += minuteMs) {
        // A moment within the minute: the result must be that of the whole minute.
        const now = at + (at % 7) * 8_571;
        const minute = (at - from) / minuteMs;
        const isOpen = expected(minute);
        if (isOpenAt(windows, now) !== isOpen) assert.fail(`not open: ${isOpen}, ${where(now)}`);
        if (isOpen) {
          assert.ok(typeof announced === 'string' || announced === at, where(at));
          announced = 'not asked';
          continue;
        }
        // Searching for the opening takes long, so it is only done at the beginning of a hold, and now and
        // then.
        if (announced !== 'not asked' && minute % 5_003 > 0) continue;
        const answer = windowsAt(windows, now);
        assert.ok(!answer.open);
        const opening: number | 'far away' = answer.opening?.at ?? 'far away';
        assert.ok(typeof announced === 'string' || announced === opening, where(now));
        announced = opening;
      }
    }
  });
}
