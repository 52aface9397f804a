import { ageText } from '../../../lib/text/age.ts';

const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const dayAndClock = { ...clock, weekday: 'short', day: 'numeric', month: 'short' } as const;
const withYear = { ...clock, day: 'numeric', month: 'short', year: 'numeric' } as const;
const dayMs = 86_400_000;

/**
 * A time in the browser's time zone: only the clock time for today, with the day within half a year,
 * and otherwise also with the year.
 *
 * @param time in milliseconds since 1970, like `now`
 */
export function timeWords(time: number, now: number): string {
  return new Intl.DateTimeFormat('en', formatOf(time, now)).format(time);
}

function formatOf(time: number, now: number): Intl.DateTimeFormatOptions {
  if (new Date(time).toDateString() === new Date(now).toDateString()) return clock;
  return Math.abs(time - now) < 182 * dayMs ? dayAndClock : withYear;
}

/** How long ago a time was, or in how long it will be. */
export function distanceWords(time: number, now: number): string {
  return time > now ? `in ${ageText(time - now)}` : `${ageText(now - time)} ago`;
}

/** The local time minus UTC, in milliseconds. */
export function localOffset(time: number): number {
  return -new Date(time).getTimezoneOffset() * 60_000;
}
