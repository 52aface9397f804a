import { type CronMoments, cronMoments } from './cron.ts';

/** A recurring time in which rollouts are allowed or denied, in the words of Argo CD's sync windows. */
export interface Window {
  readonly kind: 'allow' | 'deny';
  /** The times at which the window opens: a cron expression with five fields. */
  readonly schedule: string;
  /** The duration as it was given, such as `1h30m`. */
  readonly duration: string;
  readonly durationMs: number;
  /** The time zone of `schedule`. */
  readonly timeZone: string;
  /** Names the setting or annotation in messages. */
  readonly from: string;
  /** The times at which the window opens, in `timeZone`. */
  readonly starts: CronMoments;
}

/**
 * Like `cronMoments`, with a cache of the last result. A pass asks for many workloads at nearly the
 * same time, and then the result is the same.
 */
export function startsOf(schedule: string, timeZone: string): CronMoments {
  const moments = cronMoments(schedule, timeZone);
  let [from, found] = [Number.NaN, Number.NaN];
  return {
    next(after) {
      if (!(after >= from && after < found)) [from, found] = [after, moments.next(after)];
      return found;
    },
  };
}

/** Whether a rollout may start. If it may not start, also why, and when it may start. */
export type WindowsAnswer =
  | { readonly open: true }
  | {
      readonly open: false;
      /**
       * The deny window that is open. If no deny window is open, one of the allow windows, all of
       * which are closed.
       */
      readonly by: Window;
      /**
       * The time at which a rollout may start; undefined if it may never start, or not within 400
       * days.
       */
      readonly opening: Opening | undefined;
    };

export interface Opening {
  /** The time of the opening, in milliseconds since 1970. */
  readonly at: number;
  /** The time zone of the window that opens or closes at this time. */
  readonly timeZone: string;
}

/**
 * Whether a rollout may start at `now`, in milliseconds since 1970. All deny windows must be
 * closed. If there are allow windows, at least one of them must be open.
 *
 * A window opens when its schedule is due, and stays open for its duration, even if clocks change
 * during this time. Windows that touch or overlap act as one window.
 */
export function isOpenAt(windows: readonly Window[], now: number): boolean {
  return isAllowed(windows, now) && denying(windows, now) === undefined;
}

/**
 * Like `isOpenAt`. If a rollout may not start, the result also says why, and when a rollout may
 * start.
 */
export function windowsAt(windows: readonly Window[], now: number): WindowsAnswer {
  const by =
    denying(windows, now) ??
    (isAllowed(windows, now) ? undefined : windows.find(({ kind }) => kind === 'allow'));
  return by === undefined
    ? { open: true }
    : { open: false, by, opening: openingAfter(windows, now) };
}

function isAllowed(windows: readonly Window[], at: number): boolean {
  let isRestricted = false;
  for (const window of windows) {
    if (window.kind !== 'allow') continue;
    if (isWithin(window, at)) return true;
    isRestricted = true;
  }
  return !isRestricted;
}

/** The first deny window that is open at `at`. */
function denying(windows: readonly Window[], at: number): Window | undefined {
  return windows.find((window) => window.kind === 'deny' && isWithin(window, at));
}

/** Whether the window is open at `at`, in milliseconds since 1970. */
export function isWithin({ starts, durationMs }: Window, at: number): boolean {
  return starts.next(at - durationMs) <= at;
}

/**
 * The maximum number of steps in the search for an opening. Each step goes to the end of a deny window or to
 * the start of an allow window. Users may write windows that never allow a rollout.
 */
const mostSteps = 50;
/**
 * The search ends at this distance. A rare allow window may always be within a deny window, and
 * then the search would take long.
 */
const horizonMs = 400 * 86_400_000;

function openingAfter(windows: readonly Window[], now: number): Opening | undefined {
  let opening: Opening = { at: now, timeZone: 'UTC' };
  for (let step = 0; step < mostSteps; step += 1) {
    const { at } = opening;
    const denied = denying(windows, at);
    if (denied === undefined && isAllowed(windows, at)) return opening;
    const next =
      denied === undefined
        ? firstAllowed(windows, at)
        : { at: endOf(denied, at), timeZone: denied.timeZone };
    if (next === undefined || next.at > now + horizonMs) return undefined;
    opening = next;
  }
  return undefined;
}

/** The time at which the next allow window opens; undefined if no allow window opens any more. */
function firstAllowed(windows: readonly Window[], after: number): Opening | undefined {
  let first: Opening | undefined;
  for (const { kind, starts, timeZone } of windows) {
    if (kind !== 'allow') continue;
    const at = starts.next(after);
    if (at < (first?.at ?? Number.POSITIVE_INFINITY)) first = { at, timeZone };
  }
  return first;
}

/** The minimum time between two starts of a schedule. */
const minuteMs = 60_000;

/**
 * The end of a window that is open at `at`. The window may have opened several times before it
 * closed, so the last start counts. The function finds that start by bisection.
 */
export function endOf({ starts, durationMs }: Window, at: number): number {
  let last = starts.next(at - durationMs);
  let end = at;
  while (last + minuteMs <= end) {
    const middle = last + Math.floor((end - last) / 2);
    const next = starts.next(middle);
    if (next <= end) last = next;
    else end = middle;
  }
  return last + durationMs;
}
