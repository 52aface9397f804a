import { parsedJson } from '../../text/parsed-json.ts';

/** Of the annotation `/rollout-history`; what is longer is none of ours. A hundred times take 2,301. */
const longest = 4096;

/**
 * API servers of one cluster have clocks of their own, and a pass knows theirs up to a second: a time that
 * is ahead by no more than this may be one of ours.
 */
const toleranceMs = 10_000;

/**
 * The times in an annotation `/rollout-history`, in milliseconds since 1970. Undefined where there are
 * none, or anything else: then nothing is known of earlier rollouts.
 */
export function parseHistory(text: string | undefined): readonly number[] | undefined {
  if (text === undefined || text.length > longest) return undefined;
  const parsed = parsedJson(text);
  if (!Array.isArray(parsed) || parsed.length === 0) return undefined;
  const times = parsed.map((each) => (isTime(each) ? Date.parse(each) : Number.NaN));
  return times.some(Number.isNaN) ? undefined : times;
}

/** Those of the times that are within the period before `now`, the oldest first. */
export function withinPeriod(times: readonly number[], periodMs: number, now: number): number[] {
  return times
    .filter((time) => time > now - periodMs && time <= now + toleranceMs)
    .sort((a, b) => a - b);
}

/** What is recorded with a write at `now`: no more of the writes before than `count` with this one. */
export function formatHistory(before: readonly number[], now: number, count: number): string {
  const times = [...before, now].sort((a, b) => a - b).slice(-count);
  return JSON.stringify(times.map(timeText));
}

/** RFC 3339, UTC, whole seconds: the clock of the server says no more. */
export function timeText(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function isTime(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value)
  );
}
