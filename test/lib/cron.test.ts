import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { cronProblem, cronTicks } from '../../lib/cron.ts';

for (const expression of [
  '* * * * *',
  '*/30 * * * * *',
  '0 0 * * *',
  '15,45 8-18/2 * jan-mar mon-fri',
  '0 22-2 1,L * 7',
  '*/60 */24 * * *',
  '  5 4  * * * ',
  '@hourly',
]) {
  test(`the cron expression "${expression}" is taken`, () => {
    assert.equal(cronProblem(expression), undefined);
  });
}

const tooFewOrMany = /5 fields \(minute, hour, .*\), or 6 with seconds first; this has/;
for (const [expression, expected] of [
  ['', /this has 0$/],
  ['* * * *', tooFewOrMany],
  ['* * * * * * *', /this has 7$/],
  ['60 * * * *', /^the minute "60" must be made of 0-59/],
  ['60 * * * * *', /^the second "60" must be made of 0-59/],
  ['* 24 * * *', /^the hour "24" must be made of 0-23/],
  ['* * 0 * *', /^the day of month "0" must be made of 1-31/],
  ['* * * 13 *', /^the month "13" must be made of 1-12 or jan-dec/],
  ['* * * foo *', /^the month "foo"/],
  ['* * * * 8', /^the day of week "8" must be made of 0-7 or sun-sat/],
  ['*/0 * * * *', /^the minute "\*\/0"/],
  ['1,,2 * * * *', /^the minute "1,,2"/],
  ['5- * * * *', /^the minute "5-"/],
  ['a b * * *', /^the minute "a" .*; the hour "b" /],
  ['*/90 * * * *', /^the minute "\*\/90" has a step of more than the 60/],
  ['* */25 * * *', /^the hour "\*\/25" has a step of more than the 24/],
  ['0 0 31 2 *', /^no month that it names has a day 31$/],
  ['1.5 * * * *', /^"\." has no meaning/],
  ['* * * * *\n', /^"\\n" has no meaning/],
  ['@often', /@hourly$/],
] as const) {
  test(`the cron expression ${JSON.stringify(expression)} is refused, naming what is at fault`, () => {
    assert.match(cronProblem(expression) ?? 'no problem', expected);
  });
}

test('a huge range is refused before it is written out in memory', () => {
  assert.match(cronProblem('0-999999999999 * * * *') ?? '', /^the minute "0-999999999999"/);
});

test('ticks come at the moments of the expression in its time zone', async (t) => {
  const { ticks, times, advance } = ticking(t, {
    expression: '30 2 * * *',
    timeZone: 'Asia/Kolkata',
  });
  assert.deepEqual(
    ticks.next(2).map((date) => date.toISOString()),
    ['2026-01-01T21:00:00.000Z', '2026-01-02T21:00:00.000Z'],
  );
  await advance(24 * 3_600_000, 3_600_000);
  assert.deepEqual(times, ['2026-01-01T21:00:00.000Z']);
});

test('seconds are ticked too', async (t) => {
  const { times, advance } = ticking(t, { expression: '*/20 * * * * *' });
  await advance(60_000);
  assert.deepEqual(times, [
    '2026-01-01T00:00:20.000Z',
    '2026-01-01T00:00:40.000Z',
    '2026-01-01T00:01:00.000Z',
  ]);
});

test('a moment during a tick is skipped and told, and the next one after it is ticked', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { times, skipped, advance } = ticking(t, {
    expression: '* * * * * *',
    work: () => promise,
  });
  await advance(3_000);
  assert.deepEqual([times.length, skipped.count], [1, 2]);
  resolve();
  await settled();
  await advance(1_000);
  assert.deepEqual([times.length, skipped.count], [2, 2]);
});

test('the jitter delays each tick by no more than it says', async (t) => {
  const { times, advance } = ticking(t, { expression: '0 * * * * *', jitterSeconds: 30 });
  await advance(20 * 60_000, 100);
  const delays = times.map((time) => new Date(time).getTime() % 60_000);
  assert.equal(times.length >= 19, true);
  assert.ok(delays.every((delay) => delay <= 30_000));
  assert.ok(new Set(delays).size > 10, `${delays}`);
});

test('a moment that was slept through is made up for, once', async (t) => {
  const { times } = ticking(t, { expression: '0 0 * * *' });
  // As on a machine that was suspended: when the timer fires, it is five hours too late.
  t.mock.timers.tick(29 * 3_600_000);
  await settled();
  assert.equal(times.length, 1);
});

test('after the stop no tick begins, not even one that only waits for its jitter', async (t) => {
  const { ticks, times, advance } = ticking(t, {
    expression: '0 * * * * *',
    jitterSeconds: 3_600,
  });
  await advance(60_000);
  const before = times.length;
  ticks.stop();
  await advance(7_200_000, 60_000);
  assert.equal(times.length, before);
});

function ticking(
  t: TestContext,
  {
    expression,
    timeZone = 'UTC',
    jitterSeconds = 0,
    work = async () => {},
  }: {
    expression: string;
    timeZone?: string;
    jitterSeconds?: number;
    work?: () => Promise<void>;
  },
) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-01-01T00:00:00Z') });
  const times: string[] = [];
  const skipped = { count: 0 };
  const onTick = () => {
    times.push(new Date().toISOString());
    return work();
  };
  const onSkipped = () => {
    skipped.count += 1;
  };
  const ticks = cronTicks({ expression, timeZone, jitterSeconds, onTick, onSkipped });
  ticks.start();
  t.after(() => ticks.stop());
  const advance = async (ms: number, step = 1_000) => {
    for (let passed = 0; passed < ms; passed += step) {
      t.mock.timers.tick(step);
      await settled();
    }
  };
  return { ticks, times, skipped, advance };
}

/** Lets what waits for promises go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
