import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronMoments } from '../../../lib/schedule/cron.ts';
import { EarlyPasses } from '../../../lib/schedule/early-passes.ts';
import {
  atIntervals,
  atMoments,
  type Pace,
  type TickOptions,
  tick,
} from '../../../lib/schedule/ticks.ts';
import { type ClockOptions, type FakeClock, FakeTime } from './fake-clock.ts';

const minute = 60_000;
const hour = 60 * minute;

test('intervals tick at once and then at equal distances', async () => {
  for (const interval of [1_000, 45_000, 90_000, 7 * minute, 90 * minute]) {
    const { times, advance } = ticking((clock) => atIntervals(clock, interval));
    await advance(3 * interval);
    assert.deepEqual(times, [0, interval, 2 * interval, 3 * interval]);
  }
});

test('intervals do not depend on the wall clock', async () => {
  const { clock, times, advance } = ticking((it) => atIntervals(it, 5 * minute));
  await advance(7 * minute);
  clock.stepWallClock(-3 * hour);
  await advance(5 * minute);
  clock.stepWallClock(10 * hour);
  await advance(5 * minute);
  assert.deepEqual(times, [0, 5 * minute, 10 * minute, 15 * minute]);
});

test('an interval that passes during a tick is skipped and reported, and does not move later ones', async () => {
  const { times, skipped, advance } = ticking((clock) => atIntervals(clock, minute), {
    tickMs: 150_000,
  });
  await advance(6 * minute);
  assert.deepEqual(times, [0, 3 * minute, 6 * minute]);
  assert.deepEqual(skipped, [minute, 2 * minute, 4 * minute, 5 * minute]);
});

test('a stopped process ticks once for all missed intervals, and then continues as before', async () => {
  const { clock, times, skipped, advance } = ticking((it) => atIntervals(it, 5 * minute));
  await advance(minute);
  clock.stopUntil(23 * minute);
  await advance(29 * minute);
  assert.deepEqual(times, [0, 23 * minute, 25 * minute, 30 * minute]);
  assert.deepEqual(skipped, []);
});

test('a schedule ticks at once and then at its moments', async () => {
  const { times, advance } = ticking(scheduled('30 2 * * *', 'Asia/Kolkata'));
  await advance(48 * hour);
  assert.deepEqual(times, [0, 21 * hour, 45 * hour]);
});

test('a schedule continues in the hour that the clock repeats', async () => {
  const { times, advance } = ticking(scheduled('*/30 * * * *', 'Europe/Berlin'), {
    wallTime: new Date('2026-10-25T00:00:00Z'),
  });
  await advance(3 * hour);
  assert.deepEqual(
    times.map((each) => each / minute),
    [0, 30, 60, 90, 120, 150, 180],
  );
});

test('after the wall clock is set back, a schedule does not wait for the earlier time to come again', async () => {
  const { clock, times, advance } = ticking(scheduled('*/10 * * * *'));
  await advance(25 * minute);
  clock.stepWallClock(-5 * hour);
  await advance(15 * minute);
  assert.deepEqual(times, [0, 10 * minute, 20 * minute, 30 * minute, 40 * minute]);
});

test('a wall clock that was years ahead for a moment does not stop a schedule', async () => {
  const { clock, times, advance } = ticking(scheduled('*/10 * * * *'));
  clock.stepWallClock(10_000 * hour);
  await advance(2 * minute);
  clock.stepWallClock(-10_000 * hour);
  await advance(18 * minute);
  // There is only one tick for all the skipped years.
  assert.deepEqual(times, [0, minute, 10 * minute, 20 * minute]);
});

test('a wall clock that a time server sets back a little causes no second tick', async () => {
  const { clock, times, advance } = ticking(scheduled('*/10 * * * *'));
  await advance(10 * minute);
  clock.stepWallClock(-900);
  await advance(10 * minute + 900);
  assert.deepEqual(times, [0, 10 * minute, 20 * minute + 900]);
});

test('a wall clock that is set forward over a moment is noticed within a minute', async () => {
  const { clock, times, advance } = ticking(scheduled('0 12 * * *'));
  await advance(hour);
  clock.stepWallClock(12 * hour);
  await advance(minute);
  assert.deepEqual(times, [0, hour + minute]);
});

test('moments during a tick are skipped and reported, and the next one ticks', async () => {
  const { times, skipped, advance } = ticking(scheduled('* * * * * *'), { tickMs: 2_500 });
  await advance(6_000);
  assert.deepEqual(times, [0, 3_000, 6_000]);
  assert.deepEqual(skipped, [1_000, 2_000, 4_000, 5_000]);
});

test('a moment that passed while the process slept is made up for, once', async () => {
  const { clock, times, advance } = ticking(scheduled('*/10 * * * *'));
  await advance(minute);
  clock.stopUntil(55 * minute);
  await advance(hour);
  assert.deepEqual(times, [0, 55 * minute, 60 * minute]);
});

test('the jitter delays each tick except the first, at most by its limit', async () => {
  let drawn = 0;
  const random = () => [0, 0.5, 0.999][drawn++ % 3] ?? 0;
  for (const pace of [
    scheduled('* * * * *'),
    (clock: FakeClock) => atIntervals(clock, minute),
  ] as const) {
    drawn = 0;
    const { times, advance } = ticking(pace, { jitterMs: 30_000, random });
    await advance(3 * minute + 30_000);
    assert.deepEqual(times, [0, minute, 2 * minute + 15_000, 3 * minute + 29_970]);
  }
});

test('a moment that comes while a tick waits for its jitter is skipped', async () => {
  const { times, skipped, advance } = ticking(scheduled('* * * * *'), {
    jitterMs: 100_000,
    random: () => 0.75,
  });
  await advance(5 * minute);
  assert.deepEqual(times, [0, minute + 75_000, 3 * minute + 75_000]);
  assert.deepEqual(skipped, [2 * minute, 4 * minute]);
});

test('after an interruption, no tick begins, and the current one is waited for', async () => {
  for (const pace of [
    scheduled('* * * * *'),
    (clock: FakeClock) => atIntervals(clock, minute),
  ] as const) {
    const { times, stop, state, advance } = ticking(pace, { tickMs: 10_000 });
    await advance(minute + 5_000);
    stop();
    await advance(1_000);
    assert.equal(state.ended, false);
    await advance(hour);
    assert.deepEqual([times, state.ended], [[0, minute], true]);
  }
});

test('after an interruption, a tick that only waits for its jitter does not begin', async () => {
  const { times, stop, state, advance } = ticking(scheduled('* * * * *'), {
    jitterMs: hour,
    random: () => 0.5,
  });
  await advance(2 * minute);
  stop();
  await advance(2 * hour);
  assert.deepEqual([times, state.ended], [[0], true]);
});

test('the time until the third tick is at most three intervals, or three moments of a schedule', async () => {
  const time = new FakeTime();
  const intervals = atIntervals(time.clock(), 7 * minute);
  assert.equal(intervals.msUntil(3), 21 * minute);
  await time.advance(2 * minute);
  assert.equal(intervals.msUntil(1), 5 * minute);
  assert.equal(intervals.msUntil(3), 19 * minute);

  const berlin = time.clock({ wallTime: new Date('2026-10-25T00:50:00Z') });
  const moments = atMoments(berlin, cronMoments('*/15 * * * *', 'Europe/Berlin'));
  assert.equal(moments.msUntil(3), 38 * minute);
});

const scheduled =
  (expression: string, timeZone = 'UTC') =>
  (clock: FakeClock): Pace =>
    atMoments(clock, cronMoments(expression, timeZone));

/** Ticks that last for `tickMs`. All times are true times since the start. */
function ticking(
  paceOf: (clock: FakeClock) => Pace,
  options: { tickMs?: number } & Partial<Pick<TickOptions, 'jitterMs' | 'random'>> &
    ClockOptions = {},
) {
  const { tickMs = 0, jitterMs = 0, random = () => 0 } = options;
  const time = new FakeTime();
  const clock = time.clock(options);
  const stopping = new AbortController();
  const times: number[] = [];
  const skipped: number[] = [];
  const onTick = async () => {
    times.push(time.now);
    if (tickMs > 0) await clock.sleep(tickMs);
  };
  const onSkipped = () => {
    skipped.push(time.now);
  };
  const state = { ended: false };
  const pace = paceOf(clock);
  const early = new EarlyPasses({ clock });
  void tick({ pace, early, clock, jitterMs, random, onTick, onSkipped }, stopping.signal).then(
    () => {
      state.ended = true;
    },
  );
  return {
    ...{ clock, times, skipped, state },
    stop: () => stopping.abort(),
    advance: (ms: number) => time.advance(ms),
  };
}
