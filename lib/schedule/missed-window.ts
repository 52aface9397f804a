import type { CronMoments } from './cron.ts';
import { isOpenAt, type Window } from './window.ts';

/** When passes start. */
export type PassTimes = { readonly everyMs: number } | { readonly moments: CronMoments };

/**
 * The first allow window that can begin and end without the start of a pass; undefined if there is none.
 *
 * @param delayMs how much later than it is due a pass may start
 * @param now in milliseconds since 1970: earlier windows do not count
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
      // Windows that touch or overlap act as one.
      if (isMissed && !isOpenAt(windows, end)) return true;
      start = window.starts.next(start);
    }
    return false;
  });
}

/** Seven weeks of a daily window. */
const mostStarts = 50;

/** The latest time of the first pass at or after this time. */
function passAfter(start: number, passes: PassTimes): number {
  // The pass before it may have started a moment earlier.
  return 'everyMs' in passes ? start + passes.everyMs - 1 : passes.moments.next(start - 1);
}
