import { setTimeout as timer } from 'node:timers/promises';

/** Time as an argument, so that tests control it. */
export interface Clock {
  /**
   * Milliseconds of a monotonic clock with an arbitrary zero: only differences are meaningful. The
   * clock continues while the process is stopped (SIGSTOP, a frozen cgroup), and ignores steps of
   * the wall clock.
   */
  now(): number;
  /**
   * Waits. A timer may fire a little early or very late. So if a caller waits for a certain time,
   * it must compare `now()` with this time afterwards.
   *
   * @throws the reason of the signal once it is aborted
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** The wall clock. Use it for output only; never compare it with the clock of another machine. */
  wallTime(): Date;
}

/** The longest time of a Node timer. A timer with a longer time would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    let left = ms;
    do {
      const piece = Math.min(Math.max(left, 0), longestTimerMs);
      try {
        await timer(piece, undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
      left -= piece;
    } while (left > 0);
  },
  wallTime: () => new Date(),
};
