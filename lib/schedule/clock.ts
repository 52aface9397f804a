import { setTimeout as timer } from 'node:timers/promises';

/** Time as an argument, so that a test decides what time it is. */
export interface Clock {
  /**
   * Milliseconds on a monotonic scale with an arbitrary zero: only differences of two readings
   * mean something. It runs on while the process is stopped (SIGSTOP, a frozen cgroup), and a step
   * of the wall clock does not touch it.
   */
  now(): number;
  /**
   * Waits. A timer may fire a little early or very late, so whoever waits for a moment compares
   * `now()` with it afterwards.
   *
   * @throws the reason of the signal, once that is aborted
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** The wall clock: to be written and shown, never to be compared with another machine's. */
  wallTime(): Date;
}

/** What a Node timer can hold; a longer one would fire at once. */
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
