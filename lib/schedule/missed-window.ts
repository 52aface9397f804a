import type { CronMoments } from './cron.ts';
import { isOpenAt, type Window } from './window.ts';

/** The times at which passes start. */
export type PassTimes = { readonly everyMs: number } | { readonly moments: CronMoments };

/**
 * The first allow window that can begin and end before a pass starts in it; undefined if there is
 * no such window.
 *
 * @param delayMs the maximum delay between the due time of a pass and its start
 * @param now in milliseconds since 1970. Earlier windows do not count
 */
export function missedWindow(
  windows: readonly Window[],
  passes: PassTimes,
  delayMs: number,
  now: number,
): Window | undefined {
  return windows.find((window) => {
    if (window.kind === 'deny') return false;
    let start = window.starts.next(now);
    for (let tried = 0; tried < mostStarts && Number.isFinite(start); tried += 1) {
      const end = start + window.durationMs;
      const isMissed = passAfter(start, passes) + delayMs >= end;
      // Windows that touch or overlap act as one window.
      if (isMissed && !isOpenAt(windows, end)) return true;
      start = window.starts.next(start);
    }
    return false;
  });
}

/** The maximum number of starts to check: seven weeks of a daily window. */
const mostStarts = 50;

/** The latest possible time of the first pass at or after this time. */
function passAfter(start: number, passes: PassTimes): number {
  // In the worst case, the previous pass started a moment before `start`.
  return 'everyMs' in passes ? start + passes.everyMs - 1 : passes.moments.next(start - 1);
}
