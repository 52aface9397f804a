import type { LockReading } from './lock.ts';
import type { LeaseTiming } from './timing.ts';

/** The last reading, and since when every reading was the same. */
export interface Observation {
  readonly reading: LockReading;
  /** Local monotonic milliseconds. */
  readonly since: number;
}

/** Who holds the lease, as its record says. */
export interface Holder {
  readonly identity: string;
  readonly heldForMs: number | undefined;
}

export type LeaseState =
  /**
   * Nobody else holds it. `own`: we do, by a write of ours whose answer was lost, or jointly, by one
   * of any of us. `releasedBy`: who
   * held it at the look before this one, and has given it back since.
   */
  | { readonly kind: 'free'; readonly own: boolean; readonly releasedBy?: Holder }
  | { readonly kind: 'held'; readonly holder: Holder; readonly seen: 'renewed' | 'changedHands' }
  /** The holder may be alive or dead: after `leftMs` of `forMs` without a change it is dead. */
  | {
      readonly kind: 'unknown';
      readonly holder: Holder;
      readonly forMs: number;
      readonly leftMs: number;
    }
  | { readonly kind: 'expired'; readonly holder: Holder; readonly unchangedForMs: number };

/**
 * Any change starts the watch anew, also one of the version alone: it shows no life (somebody may
 * have put a label on the Lease), but the version that we watched is not there any more.
 *
 * @param now local monotonic time from after the answer: before it, the record may not have been
 * this one yet
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
 * What the readings of one attempt say about the lease. Times within a record are never looked at:
 * they are of another machine's clock.
 *
 * @param maxHonoredSeconds of what the record says of its duration
 * @param identity ours. A new one for this attempt: a record can only name it because a write of
 * this attempt took effect. Or that of the group with which the lease is held jointly
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
    // Written while we watched, so by somebody who is alive.
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
 * The longer of the two durations: a holder that was configured with a longer one renews less
 * often and must not be robbed, and one with a shorter one loses nothing. What the record says
 * counts only as far as this attempt can outwait it, so a wrong value, or one of somebody who had our
 * token for a moment, cannot keep the lease for ever.
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
