import { timeText } from '../../text/rfc3339.ts';

/**
 * The tolerance for recorded times. Each API server of a cluster has its own clock, and a pass
 * knows the time of a server only to the second. So a recorded time can be right even if it is in
 * the future by up to this tolerance.
 */
export const clockToleranceMs = 10_000;

/** RFC 3339 in UTC. If `timeZone` is not UTC, the local time follows in parentheses. */
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
