import { nearest } from '../text/nearest.ts';

/**
 * Why `name` is not the IANA name of a time zone that this machine knows; undefined if `name` is
 * valid.
 */
export function timeZoneProblem(name: string): string | undefined {
  if (isTimeZone(name)) return undefined;
  const near = nearest(name, ['UTC', ...Intl.supportedValuesOf('timeZone')]);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return `must be the IANA name of a time zone, such as UTC or Europe/Berlin${hint}`;
}

function isTimeZone(name: string): boolean {
  // Intl accepts offsets such as +02:00 too, but an offset has no daylight saving time.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
