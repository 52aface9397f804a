import type { Clock } from './clock.ts';
import type { CronMoments } from './cron.ts';

/** When ticks are due. */
export interface Pace {
  /**
   * Waits for the next moment that is due. If some came since the last one, one tick makes up for all.
   *
   * @throws the reason of the signal, once that is aborted
   */
  next(signal: AbortSignal): Promise<void>;
  /** How far away that many-th moment from now is, in ms; infinite if there is none. */
  msUntil(count: number): number;
}

/**
 * Moments that are the same time apart, by the monotonic clock: no setting of the wall clock, and no
 * time zone, makes one come late or early. The clock of Linux stands while the machine sleeps, so an
 * interval is longer by that.
 */
export function atIntervals(clock: Clock, intervalMs: number): Pace {
  let due = clock.now() + intervalMs;
  return {
    async next(signal) {
      for (let left = due - clock.now(); left > 0; left = due - clock.now()) {
        await clock.sleep(left, signal);
      }
      signal.throwIfAborted();
      // What is late does not move the moments after it.
      due += (Math.floor((clock.now() - due) / intervalMs) + 1) * intervalMs;
    },
    msUntil: (count) => Math.max(0, due - clock.now()) + (count - 1) * intervalMs,
  };
}

/** A wall clock that is set shows only when it is looked at. */
const longestSleepMs = 60_000;
/** Time servers set a clock back by as much all the time: no reason for a second tick. */
const smallStepMs = 1_000;

/**
 * The moments of a cron expression, by the wall clock. If that is set forward, one tick makes up for
 * the moments that it passed over; if it is set back, the moments that come again are ticked again.
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
  /** Each tick but the first is late by a random time of up to this. */
  readonly jitterMs: number;
  /** From 0 up to but not including 1. */
  readonly random: () => number;
  /** Must not throw. */
  readonly onTick: () => Promise<void>;
  /** A moment came while an earlier tick was under way, or waited for its jitter. */
  readonly onSkipped: () => void;
}

/**
 * Ticks at once, then at each moment of the pace that finds no other tick under way. Once the signal
 * is aborted no tick begins; resolves when the last one has ended.
 */
export async function tick(options: TickOptions, signal: AbortSignal): Promise<void> {
  const { pace, clock, jitterMs, random, onTick, onSkipped } = options;
  let underWay: Promise<void> | undefined;
  const begin = (work: Promise<void>): void => {
    underWay = work.then(() => {
      underWay = undefined;
    });
  };
  /** False once the signal is aborted, which is no fault here. */
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
