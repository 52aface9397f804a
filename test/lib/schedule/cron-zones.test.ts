import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { cronMoments, cronProblem } from '../../../lib/schedule/cron.ts';
import { clockChanges, everyMinute, expressions, type KnownExpression } from './cron-reference.ts';

// Each run draws random expressions and zones. To repeat a run, and to try every time zone:
// WAVE_CRON_SEED=… WAVE_CRON_ZONES=all npx node --test test/lib/schedule/cron-zones.test.ts
const seed = Number(process.env['WAVE_CRON_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const tryAll = process.env['WAVE_CRON_ZONES'] === 'all';

/** Two years, one of which is a leap year. */
const [from, to] = [Date.UTC(2027, 0, 1), Date.UTC(2029, 0, 1)];
const hourMs = 3_600_000;
const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
/** Zones whose clocks change by an hour in opposite halves of the year, by half an hour, and around Ramadan. */
const changing = ['Europe/Berlin', 'America/Santiago', 'Australia/Lord_Howe', 'Africa/Casablanca'];

const always: KnownExpression = { text: '* * * * *', matches: () => true };

/**
 * Fails unless the moments of the expression are exactly the minutes that match. Returns their number, or 0
 * without a comparison if there are more than `most`.
 */
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
    `"${text}" in ${timeZone}: ${shown(actual.at(wrong))} and not ${shown(expected.at(wrong))}, ${actual.length} moments and not ${expected.length}`,
  );
  return expected.length;
}

/** Random zones, which follow from the seed. */
function drawnZones(count: number): readonly string[] {
  const order = fc.shuffledSubarray(zones, { minLength: zones.length });
  return (fc.sample(order, { numRuns: 1, seed })[0] ?? []).slice(0, count);
}

/** Runs a test, and adds the seed to the message of a failure. */
function repeatable(name: string, body: (t: TestContext) => void): void {
  test(name, (t) => {
    t.diagnostic(`WAVE_CRON_SEED=${seed}`);
    try {
      body(t);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`with WAVE_CRON_SEED=${seed}: ${message}`, { cause: error });
    }
  });
}

repeatable(
  'around each clock change in two years, the due minutes are exactly those of the local time',
  (t) => {
    const drawn = fc.sample(expressions({ hour: 50, day: 10 }), { numRuns: 500, seed });
    const tried = tryAll ? zones : [...new Set([...changing, ...drawnZones(8)])];
    let [changes, moments] = [0, 0];
    for (const timeZone of tried) {
      for (const change of clockChanges(timeZone, from, to)) {
        assert.equal(change % (hourMs / 4), 0, `${timeZone} changes within a quarter of an hour`);
        const minutes = everyMinute(timeZone, change - 2 * hourMs, change + 2 * hourMs);
        const some = [0, 1, 2].map((each) => drawn[(3 * changes + each) % drawn.length] ?? always);
        // The expression that matches every minute takes long and gives the same result in many zones, so it is
        // rarely tried.
        if ((changes + seed) % 20 === 0) some.push(always);
        for (const expression of some) moments += compare(expression, timeZone, minutes);
        changes += 1;
      }
    }
    assert.ok(changes >= (tryAll ? 400 : 8), `${changes} changes`);
    t.diagnostic(`${moments} moments around ${changes} changes in ${tried.length} time zones`);
  },
);

repeatable('over two years, the due minutes are exactly those of the local time', (t) => {
  const drawn = fc.sample(expressions({ hour: 100, day: 70 }), { numRuns: 500, seed });
  const tried = drawnZones(tryAll ? 5 : 1);
  let moments = 0;
  for (const [index, timeZone] of tried.entries()) {
    const minutes = everyMinute(timeZone, from, to);
    for (const each of [0, 1, 2, 3, 4]) {
      const expression = drawn[(5 * index + each) % drawn.length] ?? always;
      moments += compare(expression, timeZone, minutes, 20_000);
    }
  }
  t.diagnostic(`${moments} moments in ${tried.join(', ')}`);
});
