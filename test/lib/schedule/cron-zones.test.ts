import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cronMoments, cronProblem } from '../../../lib/schedule/cron.ts';
import { clockChanges, everyMinute, expressions, type KnownExpression } from './cron-reference.ts';

// What is tried is drawn anew in each run. To repeat a run, and to try more zones for two years:
// WAVE_CRON_SEED=… WAVE_CRON_ZONES=100 npx node --test test/lib/schedule/cron-zones.test.ts
const seed = Number(process.env['WAVE_CRON_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const zonesForYears = Number(process.env['WAVE_CRON_ZONES'] ?? 3);

/** Two years, one of them a leap year. */
const [from, to] = [Date.UTC(2027, 0, 1), Date.UTC(2029, 0, 1)];
const hourMs = 3_600_000;
const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];

const always: KnownExpression = { text: '* * * * *', matches: () => true };

/** Fails unless exactly those of the minutes are due that match; says how many, 0 if they are more than `most`. */
function compare(
  { text, matches }: KnownExpression,
  timeZone: string,
  minutes: ReturnType<typeof everyMinute>,
  most = Number.POSITIVE_INFINITY,
): number {
  assert.equal(cronProblem(text), undefined, text);
  const expected = minutes.filter(([, local]) => matches(local)).map(([at]) => at);
  if (expected.length > most) return 0;
  const [start, end] = [minutes[0]?.[0] ?? 0, minutes.at(-1)?.[0] ?? 0];
  const { next } = cronMoments(text, timeZone);
  const actual: number[] = [];
  for (let at = next(start - 1); at <= end; at = next(at)) actual.push(at);
  const wrong = actual.findIndex((at, index) => at !== expected[index]);
  const shown = (at: number | undefined) => at && new Date(at).toISOString();
  assert.ok(
    wrong === -1 && actual.length === expected.length,
    `"${text}" in ${timeZone}: ${shown(actual.at(wrong))} and not ${shown(expected.at(wrong))}, ${actual.length} moments and not ${expected.length}; WAVE_CRON_SEED=${seed}`,
  );
  return expected.length;
}

test('around each change of the clocks in two years, in every time zone, exactly the minutes that its clock shows are due', (t) => {
  const drawn = fc.sample(expressions({ hour: 50, day: 10 }), { numRuns: 500, seed });
  let [changes, moments] = [0, 0];
  for (const timeZone of zones) {
    for (const change of clockChanges(timeZone, from, to)) {
      assert.equal(change % (hourMs / 4), 0, `${timeZone} changes within a quarter of an hour`);
      const minutes = everyMinute(timeZone, change - 2 * hourMs, change + 2 * hourMs);
      const tried = [0, 1, 2].map((each) => drawn[(3 * changes + each) % drawn.length] ?? always);
      // All minutes of a change are many, and the same in many zones.
      if ((changes + seed) % 20 === 0) tried.push(always);
      for (const expression of tried) moments += compare(expression, timeZone, minutes);
      changes += 1;
    }
  }
  assert.ok(changes > 400, `${changes} changes`);
  t.diagnostic(`WAVE_CRON_SEED=${seed}: ${moments} moments around ${changes} changes`);
});

test('over two years exactly the minutes that the clock of the time zone shows are due', (t) => {
  const order = fc.shuffledSubarray(zones, { minLength: zones.length });
  const sample = (fc.sample(order, { numRuns: 1, seed })[0] ?? []).slice(0, zonesForYears);
  const drawn = fc.sample(expressions({ hour: 100, day: 70 }), { numRuns: 500, seed });
  let moments = 0;
  for (const [index, timeZone] of sample.entries()) {
    const minutes = everyMinute(timeZone, from, to);
    for (const each of [0, 1, 2, 3, 4]) {
      const expression = drawn[(5 * index + each) % drawn.length] ?? always;
      moments += compare(expression, timeZone, minutes, 20_000);
    }
  }
  t.diagnostic(`WAVE_CRON_SEED=${seed}: ${moments} moments in ${sample.slice(0, 5).join(', ')}`);
});
