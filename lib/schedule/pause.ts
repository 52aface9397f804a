import { isTime } from '../text/rfc3339.ts';

/**
 * The time at which the pause ends, in milliseconds since 1970; undefined if the pause lasts until
 * a person removes it.
 */
export interface PauseEnd {
  readonly until: number | undefined;
}

/** Parses `true`, `false` or an RFC 3339 time. Undefined: no pause. */
export function parsePause(text: string): PauseEnd | undefined | 'invalid' {
  if (text === 'true') return { until: undefined };
  if (text === 'false') return undefined;
  const until = isTime(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(until) ? 'invalid' : { until };
}
