import { parsedJson } from '../../text/parsed-json.ts';

/**
 * Maximum length of the annotation `/rollout-history`; a longer one is not ours. A hundred times
 * take 2,301 characters.
 */
const longest = 4096;

/**
 * The API servers of a cluster have their own clocks, and a pass knows their time to a second. A
 * time that is ahead by no more than this may be valid.
 */
const toleranceMs = 10_000;

/**
 * The times in an annotation `/rollout-history`, in milliseconds since 1970. Undefined if it is
 * missing or invalid: then earlier rollouts are unknown.
 */
export function parseHistory(text: string | undefined): readonly number[] | undefined {
  if (text === undefined || text.length > longest) return undefined;
  const parsed = parsedJson(text);
  if (!Array.isArray(parsed) || parsed.length === 0) return undefined;
  const times = parsed.map((each) => (isTime(each) ? Date.parse(each) : Number.NaN));
  return times.some(Number.isNaN) ? undefined : times;
}

/** The times within the period before `now`, oldest first. */
export function withinPeriod(times: readonly number[], periodMs: number, now: number): number[] {
  return times
    .filter((time) => time > now - periodMs && time <= now + toleranceMs)
    .sort((a, b) => a - b);
}

/** The times to record with a write at `now`: at most `count`, including this one. */
export function formatHistory(before: readonly number[], now: number, count: number): string {
  const times = [...before, now].sort((a, b) => a - b).slice(-count);
  return JSON.stringify(times.map(timeText));
}

/** RFC 3339, UTC, whole seconds, the precision of the server's time. */
export function timeText(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function isTime(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value)
  );
}
