import { type CronMoments, cronMoments } from './cron.ts';

/** A recurring time in which rollouts are allowed or denied, in the words of Argo CD's sync windows. */
export interface Window {
  readonly kind: 'allow' | 'deny';
  /** A cron expression of five fields: when it begins. */
  readonly schedule: string;
  /** As it was given, such as `1h30m`. */
  readonly duration: string;
  readonly durationMs: number;
  /** Of the schedule. */
  readonly timeZone: string;
  /** Names the setting or annotation in messages. */
  readonly from: string;
  /** When it begins, by its schedule. */
  readonly starts: CronMoments;
}

/** As `cronMoments`, but keeps its last answer: a pass asks about many workloads at nearly the same time. */
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

/** Whether a rollout may start, and if not, why. */
export type WindowsAnswer =
  | { readonly open: true }
  | {
      readonly open: false;
      /** A deny window that is open, or an allow window if none of them is. */
      readonly by: Window;
      /** When a rollout may start; undefined: never, or not within about a year. */
      readonly opening: Opening | undefined;
    };

export interface Opening {
  /** In milliseconds since 1970. */
  readonly at: number;
  /** Of the window that begins or ends then. */
  readonly timeZone: string;
}

/**
 * Whether a rollout may start at `now`, in milliseconds since 1970: outside of all deny windows, and within an
 * allow window if there are any. A window begins when its schedule is due and lasts its duration, also across a
 * clock change. Windows that touch or overlap act as one.
 */
export function isOpenAt(windows: readonly Window[], now: number): boolean {
  return isAllowed(windows, now) && denying(windows, now) === undefined;
}

/** As `isOpenAt`, with the reason and the end of a hold. */
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

/** The first deny window that `at` is within. */
function denying(windows: readonly Window[], at: number): Window | undefined {
  return windows.find((window) => window.kind === 'deny' && isWithin(window, at));
}

function isWithin({ starts, durationMs }: Window, at: number): boolean {
  return starts.next(at - durationMs) <= at;
}

/**
 * How many ends of deny windows and starts of allow windows are read. Users may write windows that never
 * open.
 */
const mostSteps = 50;
/** Later openings are not looked for, because a rare allow window may lie within a deny window each time. */
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

/** When the next allow window begins; undefined: never. */
function firstAllowed(windows: readonly Window[], after: number): Opening | undefined {
  let first: Opening | undefined;
  for (const { kind, starts, timeZone } of windows) {
    if (kind !== 'allow') continue;
    const at = starts.next(after);
    if (at < (first?.at ?? Number.POSITIVE_INFINITY)) first = { at, timeZone };
  }
  return first;
}

/** No two starts of a schedule are closer. */
const minuteMs = 60_000;

/** The end of an open window: it counts from the last start, which is found by bisection. */
function endOf({ starts, durationMs }: Window, at: number): number {
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
