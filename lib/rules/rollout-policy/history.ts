import { parsedJson } from '../../text/parsed-json.ts';
import { isTime, timeText } from '../../text/rfc3339.ts';
import { type Given, givenMembers, parseGiven } from './given.ts';
import { clockToleranceMs } from './moment.ts';

/** The content of the annotation `/rollout-history`. */
export interface RolloutHistory {
  /** The times at which hashes were written, in milliseconds since 1970. There is at least one. */
  readonly times: readonly number[];
  /** The first digits of the hash that was written last; undefined if they are not recorded. */
  readonly hash: string | undefined;
  /** The versions on trial. */
  readonly given: Given;
}

/**
 * The maximum length of an annotation that is parsed. wave-cron never writes a longer one: a
 * hundred times and fifty sources have about 10,000 characters.
 */
const longest = 32 * 1024;

const boundDigits = 12;

/**
 * Parses the annotation. Undefined if it is missing or invalid. Then earlier rollouts are not
 * known.
 */
export function parseRolloutHistory(text: string | undefined): RolloutHistory | undefined {
  if (text === undefined || text.length > longest) return undefined;
  const parsed = parsedJson(text);
  if (Array.isArray(parsed)) return withTimes(parsed, undefined, new Map());
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { times, hash, given } = parsed as Readonly<Record<string, unknown>>;
  const isBound = typeof hash === 'string' && hash.length === boundDigits;
  return withTimes(times, isBound ? hash : undefined, isBound ? parseGiven(given) : new Map());
}

function withTimes(times: unknown, hash: string | undefined, given: Given) {
  if (!Array.isArray(times) || times.length === 0) return undefined;
  const read = times.map((each) => (isTime(each) ? Date.parse(each) : Number.NaN));
  return read.some(Number.isNaN) ? undefined : { times: read, hash, given };
}

/** Like `parseRolloutHistory`, but returns only the times. */
export function parseHistory(text: string | undefined): readonly number[] | undefined {
  return parseRolloutHistory(text)?.times;
}

/** Whether a history was written together with this hash. */
export function isHistoryOf({ hash }: RolloutHistory, written: string | undefined): boolean {
  return hash !== undefined && written?.startsWith(hash) === true;
}

/**
 * The times within the period that ends at `now`, oldest first. Times of the near future are included: see
 * `clockToleranceMs`.
 */
export function withinPeriod(times: readonly number[], periodMs: number, now: number): number[] {
  return times
    .filter((time) => time > now - periodMs && time <= now + clockToleranceMs)
    .sort((a, b) => a - b);
}

/**
 * The value of the annotation for a hash that is written at `now`. It has at most `count` times including
 * `now`, the first digits of the hash, and the versions on trial.
 */
export function formatHistory(
  before: readonly number[],
  now: number,
  count: number,
  { hash, given }: { readonly hash: string; readonly given: Given },
): string {
  return JSON.stringify({
    times: latest(before, now, count),
    hash: hash.slice(0, boundDigits),
    ...(given.size === 0 ? {} : { given: givenMembers(given) }),
  });
}

function latest(before: readonly number[], now: number, count: number): string[] {
  const times = [...before, now].sort((a, b) => a - b);
  return times.slice(-Math.max(count, 1)).map(timeText);
}
