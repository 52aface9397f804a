import type { Clock } from './clock.ts';
import type { CronMoments } from './cron.ts';
import type { EarlyPasses } from './early-passes.ts';

/** The times at which ticks are due. */
export interface Pace {
  /**
   * Waits until the next tick is due. If several ticks have become due since the last tick, they
   * become one tick.
   *
   * @throws the reason of the signal once it is aborted
   */
  next(signal: AbortSignal): Promise<void>;
  /**
   * Milliseconds until the tick with this number, counted from now; infinite if there is no such
   * tick.
   */
  msUntil(count: number): number;
}

/**
 * Ticks at a fixed interval of the monotonic clock: changes of the wall clock and time zones do not
 * move them. The monotonic clock of Linux stops while the machine is suspended. So the interval
 * becomes longer by the time of the suspension.
 */
export function atIntervals(clock: Clock, intervalMs: number): Pace {
  let due = clock.now() + intervalMs;
  return {
    async next(signal) {
      for (let left = due - clock.now(); left > 0; left = due - clock.now()) {
        await clock.sleep(left, signal);
      }
      signal.throwIfAborted();
      // If a tick is late, the following ticks keep their times.
      due += (Math.floor((clock.now() - due) / intervalMs) + 1) * intervalMs;
    },
    msUntil: (count) => Math.max(0, due - clock.now()) + (count - 1) * intervalMs,
  };
}

/**
 * The maximum time between two readings of the wall clock: a change of the clock is noticed only
 * when the clock is read.
 */
const longestSleepMs = 60_000;
/**
 * Time servers regularly set a clock back by up to this time. Such a step must not cause a second
 * tick.
 */
const smallStepMs = 1_000;

/**
 * Ticks at the times of a cron expression, by the wall clock. If the clock is set forward, one tick
 * replaces the skipped ticks. If the clock is set back, the repeated times cause ticks again.
 */
export function atMoments(clock: Clock, moments: CronMoments): Pace {
  const wallMs = (): number => clock.wallTime().getTime();
  let after = wallMs();
  return {
    async next(signal) {
      for (;;) {
        signal.throwIfAborted();
        const now = wallMs();
        if (now < after - smallStepMs) after = now;
        const left = moments.next(after) - now;
        if (left <= 0) {
          after = now;
          return;
        }
        await clock.sleep(Math.min(left, longestSleepMs), signal);
      }
    },
    msUntil(count) {
      const now = wallMs();
      let at = now;
      for (let each = 0; each < count; each += 1) at = moments.next(at);
      return at - now;
    },
  };
}

/** Why a tick starts: its time has come, or something requested it early. */
export type TickCause = 'schedule' | 'request';

export interface TickOptions {
  readonly pace: Pace;
  /** Waits until an early tick is due, which does not wait for the pace. */
  readonly early: Pick<EarlyPasses, 'next'>;
  readonly clock: Clock;
  /** The maximum random delay of each tick of the pace except the first tick. */
  readonly jitterMs: number;
  /** A number from 0 up to but not including 1. */
  readonly random: () => number;
  /** Must not throw. While it runs, `early` must not be due. */
  readonly onTick: (cause: TickCause) => Promise<void>;
  /**
   * Called if a tick of the pace is due while an earlier tick of the pace is running or waits to
   * run.
   */
  readonly onSkipped: () => void;
}

/**
 * The first tick runs at once. Later, a tick runs at each time of the pace, unless another tick of
 * the pace is running, and whenever an early tick is due. Two ticks never run at the same time. If
 * a tick of the pace is due during an early tick, it runs right after the early tick, before the
 * next early tick. After the signal is aborted, no tick starts. Resolves when the last tick has
 * ended.
 */
export async function tick(options: TickOptions, signal: AbortSignal): Promise<void> {
  const { pace, early, clock, jitterMs, random, onTick, onSkipped } = options;
  let running: Promise<void> | undefined;
  /**
   * The current tick of the pace. It is set while the tick waits for its jitter or for an early
   * tick, and while it runs.
   */
  let ofPace: Promise<void> | undefined;
  let isPaceWaiting = false;
  /** Resolves with false if the signal is aborted, because the abort is not an error here. */
  const waited = (wait: Promise<void>): Promise<boolean> =>
    wait.then(
      () => !signal.aborted,
      (error: unknown) => {
        if (!signal.aborted) throw error;
        return false;
      },
    );
  const run = (cause: TickCause): Promise<void> => {
    running = onTick(cause).then(() => {
      running = undefined;
    });
    return running;
  };
  const late = async (): Promise<void> => {
    if (jitterMs > 0 && !(await waited(clock.sleep(random() * jitterMs, signal)))) return;
    isPaceWaiting = true;
    while (running !== undefined) await running;
    isPaceWaiting = false;
    if (!signal.aborted) await run('schedule');
  };
  const begin = (work: Promise<void>): void => {
    ofPace = work.then(() => {
      ofPace = undefined;
    });
  };
  const ticksEarly = async (): Promise<void> => {
    while (await waited(early.next(signal))) {
      if (isPaceWaiting) await ofPace;
      else await (running ?? run('request'));
    }
  };

  begin(run('schedule'));
  const earlyTicks = ticksEarly();
  while (await waited(pace.next(signal))) {
    if (ofPace === undefined) begin(late());
    else onSkipped();
  }
  await earlyTicks;
  await ofPace;
}
