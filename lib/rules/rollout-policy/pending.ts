import { parsedJson } from '../../text/parsed-json.ts';
import { timeText, writtenTime } from '../../text/rfc3339.ts';
import type { HoldReason } from './hold.ts';
import { clockToleranceMs } from './moment.ts';

/** The annotation `/pending-config`: a configuration that is not written yet. */
export interface Pending {
  readonly hash: string;
  /** Of the key that the hash was made with; undefined: none. */
  readonly keyId: string | undefined;
  /**
   * Since when the workload is held, by the clock of the API server, in milliseconds since 1970. A further change
   * does not reset it.
   */
  readonly since: number;
  /** The hold of the last pass. An Event is recorded when it changes, not in each pass. */
  readonly reason: string | undefined;
}

/** A hash has 64 digits, and the id of a key a few. */
const longest = 256;

/** Undefined if there is none, or an invalid one. */
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

/** Since when a workload is held that is held at `now`. A recorded time in the future does not count. */
export function heldSince(pending: Pending | undefined, now: number): number {
  if (pending === undefined || pending.since > now + clockToleranceMs) return now;
  return Math.min(pending.since, now);
}

/**
 * The value of `/pending-config` to write to a workload that is held at `now`; undefined if the present one is
 * right. So it is written once, and again only if the configuration, the key or the hold changes.
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
