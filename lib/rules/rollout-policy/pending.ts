import { parsedJson } from '../../text/parsed-json.ts';
import { timeText, writtenTime } from '../../text/rfc3339.ts';
import type { HoldReason } from './hold.ts';
import { clockToleranceMs } from './moment.ts';

/**
 * The content of the annotation `/pending-config`: a configuration whose hash is not written yet.
 */
export interface Pending {
  readonly hash: string;
  /** The id of the hash key; undefined if the hash has no key. */
  readonly keyId: string | undefined;
  /**
   * The time since when the workload is held, by the clock of the API server, in milliseconds since
   * 1970. If the configuration changes again, this time stays the same.
   */
  readonly since: number;
  /**
   * The reason code of the hold in the last pass. A pass records an Event only when this reason
   * changes, not in each pass.
   */
  readonly reason: string | undefined;
}

/**
 * The maximum length of an annotation that is parsed. A hash has 64 digits, and the id of a key has
 * 8.
 */
const longest = 256;

/** Parses the annotation. Undefined if it is missing or invalid. */
export function parsePending(text: string | undefined): Pending | undefined {
  if (text === undefined || text.length > longest) return undefined;
  const parsed = parsedJson(text);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { hash, key, since, reason } = parsed as Readonly<Record<string, unknown>>;
  const time = writtenTime(since);
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) return undefined;
  if (time === undefined) return undefined;
  return {
    hash,
    keyId: typeof key === 'string' ? key : undefined,
    since: time,
    reason: typeof reason === 'string' ? reason : undefined,
  };
}

export function formatPending({ hash, keyId, since, reason }: Pending): string {
  return JSON.stringify({ hash, key: keyId, since: timeText(since), reason });
}

/**
 * The time since when a workload is held, if it is held at `now`. If the recorded time is in the
 * future, it does not count.
 */
export function heldSince(pending: Pending | undefined, now: number): number {
  if (pending === undefined || pending.since > now + clockToleranceMs) return now;
  return Math.min(pending.since, now);
}

/**
 * The value of `/pending-config` to write to a workload that is held at `now`; undefined if the
 * annotation already has the right value. So a pass writes only when a hold begins, or when the
 * hash, the key or the reason changes.
 */
export function pendingToWrite(
  pending: Pending | undefined,
  {
    hash,
    keyId,
    reason,
  }: Pick<Pending, 'hash' | 'keyId'> & {
    readonly reason: HoldReason;
  },
  now: number,
): string | undefined {
  const since = heldSince(pending, now);
  const isKnown = pending?.hash === hash && pending.keyId === keyId && pending.reason === reason;
  return isKnown && pending.since <= now + clockToleranceMs
    ? undefined
    : formatPending({ hash, keyId, since, reason });
}
