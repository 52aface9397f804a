import type { Clock } from './clock.ts';
import type { CronMoments } from './cron.ts';

/** When ticks are due. */
export interface Pace {
  /**
   * Waits until the next tick is due. If several became due since the last one, they become one
   * tick.
   *
   * @throws the reason of the signal once it is aborted
   */
  next(signal: AbortSignal): Promise<void>;
  /** Milliseconds until the tick with this number from now; infinite if there is none. */
  msUntil(count: number): number;
}

/**
 * Ticks at a fixed interval of the monotonic clock: changes of the wall clock and time zones do not
 * move them. The clock of Linux stops while the machine is suspended, so an interval becomes longer
 * by that time.
 */
export function atIntervals(clock: Clock, intervalMs: number): Pace {
  let due = clock.now() + intervalMs;
  return {
    async next(signal) {
      for (let left = due - clock.now(); left > 0; left = due - clock.now()) {
        await clock.sleep(left, signal);
      }
      signal.throwIfAborted();
      // A late tick does not move the following ones.
      due += (Math.floor((clock.now() - due) / intervalMs) + 1) * intervalMs;
    },
    msUntil: (count) => Math.max(0, due - clock.now()) + (count - 1) * intervalMs,
  };
}

/** A changed wall clock is noticed only when it is read. */
const longestSleepMs = 60_000;
/** Time servers regularly set a clock back by this much, which must not cause a second tick. */
const smallStepMs = 1_000;

/**
 * Ticks at the times of a cron expression, by the wall clock. If the clock is set forward, one tick
 * replaces the skipped ones. If it is set back, the repeated times tick again.
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

export interface TickOptions {
  readonly pace: Pace;
  readonly clock: Clock;
  /** The maximum random delay of each tick but the first. */
  readonly jitterMs: number;
  /** A number from 0 up to but not including 1. */
  readonly random: () => number;
  /** Must not throw. */
  readonly onTick: () => Promise<void>;
  /** A tick was due while an earlier one was running or was waiting for its jitter. */
  readonly onSkipped: () => void;
}

/**
 * Ticks at once, and then at each time of the pace at which no other tick is running. After the
 * signal is aborted, no tick starts. Resolves when the last tick has ended.
 */
export async function tick(options: TickOptions, signal: AbortSignal): Promise<void> {
  const { pace, clock, jitterMs, random, onTick, onSkipped } = options;
  let underWay: Promise<void> | undefined;
  const begin = (work: Promise<void>): void => {
    underWay = work.then(() => {
      underWay = undefined;
    });
  };
  /** False once the signal is aborted, which is not an error here. */
  const waited = (wait: Promise<void>): Promise<boolean> =>
    wait.then(
      () => !signal.aborted,
      (error: unknown) => {
        if (!signal.aborted) throw error;
        return false;
      },
    );
  const late = async (): Promise<void> => {
    if (jitterMs > 0 && !(await waited(clock.sleep(random() * jitterMs, signal)))) return;
    await onTick();
  };

  begin(onTick());
  while (await waited(pace.next(signal))) {
    if (underWay === undefined) begin(late());
    else onSkipped();
  }
  await underWay;
}
