import type { LockReading } from './lock.ts';
import type { LeaseTiming } from './timing.ts';

/** The last reading, and since when all readings have been equal. */
export interface Observation {
  readonly reading: LockReading;
  /** Local monotonic milliseconds. */
  readonly since: number;
}

/** The holder according to the record. */
export interface Holder {
  readonly identity: string;
  readonly heldForMs: number | undefined;
}

export type LeaseState =
  /**
   * No other process holds the lease. `own`: this process holds the lease by a write whose response
   * was lost, or a member of its group holds it. `releasedBy`: the holder in the previous reading,
   * if it has released the lease since.
   */
  | { readonly kind: 'free'; readonly own: boolean; readonly releasedBy?: Holder }
  | { readonly kind: 'held'; readonly holder: Holder; readonly seen: 'renewed' | 'changedHands' }
  /**
   * The holder may be alive or dead. If there is no change for the remaining `leftMs` of `forMs`,
   * it is dead.
   */
  | {
      readonly kind: 'unknown';
      readonly holder: Holder;
      readonly forMs: number;
      readonly leftMs: number;
    }
  | { readonly kind: 'expired'; readonly holder: Holder; readonly unchangedForMs: number };

/**
 * Any change restarts the observation, even if only the version changes. A changed version does not
 * show that the holder is alive, because a person may have added a label. But the observed version
 * no longer exists.
 *
 * @param now local monotonic time after the response arrived, because the record may have been
 * different before
 */
export function observe(
  before: Observation | undefined,
  reading: LockReading,
  now: number,
): Observation {
  const same =
    before !== undefined &&
    version(before.reading) === version(reading) &&
    content(before.reading) === content(reading);
  return { reading, since: same ? before.since : now };
}

/**
 * Evaluates the readings of one attempt. It ignores times in a record, because they come from the
 * clock of another machine.
 *
 * @param maxHonoredSeconds limits the duration that a record claims
 * @param identity our identity. Without a group, it is new for this attempt. So if a record
 * contains it, this attempt wrote the record
 */
export function evaluate(
  before: Observation | undefined,
  seen: Observation,
  {
    identity,
    timing,
    now,
    maxHonoredSeconds,
  }: { identity: string; timing: LeaseTiming; now: number; maxHonoredSeconds: number },
): LeaseState {
  const { reading, since } = seen;
  if (reading.kind === 'absent') return { kind: 'free', own: false };
  const { holderIdentity, leaseDurationSeconds, heldForMs } = reading.record;
  if (holderIdentity === '') {
    const releasedBy = before === undefined ? undefined : holderOf(before.reading);
    return { kind: 'free', own: false, ...(releasedBy === undefined ? {} : { releasedBy }) };
  }
  if (holderIdentity === identity) return { kind: 'free', own: true };

  const holder = { identity: holderIdentity, heldForMs };
  if (before !== undefined && content(before.reading) !== content(reading)) {
    // The record was written during the observation, so its writer is alive.
    const same = holderOf(before.reading)?.identity === holderIdentity;
    return { kind: 'held', holder, seen: same ? 'renewed' : 'changedHands' };
  }
  const forMs = waitMs(timing, leaseDurationSeconds, maxHonoredSeconds);
  const unchangedForMs = now - since;
  return unchangedForMs < forMs
    ? { kind: 'unknown', holder, forMs, leftMs: forMs - unchangedForMs }
    : { kind: 'expired', holder, unchangedForMs };
}

/**
 * The longer of our duration and the duration in the record. If the configured duration of the
 * holder is longer, it renews less often and must not lose its lease. If it is shorter, a longer
 * wait does not harm the holder. The duration in the record is limited. So a wrong value, or a
 * value that was written with a stolen token, cannot block the lease permanently.
 */
function waitMs(
  timing: LeaseTiming,
  recordSeconds: number | undefined,
  maxHonoredSeconds: number,
): number {
  return Math.max(timing.durationMs, Math.min(recordSeconds ?? 0, maxHonoredSeconds) * 1000);
}

function version(reading: LockReading): string | undefined {
  return reading.kind === 'present' ? reading.version : undefined;
}

function content(reading: LockReading): string | undefined {
  return reading.kind === 'present' ? reading.record.content : undefined;
}

function holderOf(reading: LockReading): Holder | undefined {
  if (reading.kind === 'absent' || reading.record.holderIdentity === '') return undefined;
  const { holderIdentity, heldForMs } = reading.record;
  return { identity: holderIdentity, heldForMs };
}
