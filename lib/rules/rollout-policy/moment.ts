import { timeText } from '../../text/rfc3339.ts';

/**
 * API servers of one cluster have clocks of their own, and a pass knows theirs up to a second: a time that
 * is ahead by no more than this may be one of ours.
 */
export const clockToleranceMs = 10_000;

/** RFC 3339 in UTC, and the local time of the zone if that is another. */
export function momentText(time: number, timeZone: string): string {
  const utc = timeText(time);
  if (timeZone === 'UTC') return utc;
  const local = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return `${utc} (${local.format(time)} ${timeZone})`;
}
