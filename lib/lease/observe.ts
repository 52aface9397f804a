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
   * No other process holds it. `own`: this process holds it by a write whose response was lost, or
   * a member of its group does. `releasedBy`: the holder of the previous reading, which has
   * released it since.
   */
  | { readonly kind: 'free'; readonly own: boolean; readonly releasedBy?: Holder }
  | { readonly kind: 'held'; readonly holder: Holder; readonly seen: 'renewed' | 'changedHands' }
  /**
   * The holder may be alive or dead. After `leftMs` more of `forMs` without a change, it is dead.
   */
  | {
      readonly kind: 'unknown';
      readonly holder: Holder;
      readonly forMs: number;
      readonly leftMs: number;
    }
  | { readonly kind: 'expired'; readonly holder: Holder; readonly unchangedForMs: number };

/**
 * Any change restarts the observation, even a change of the version alone. It does not show that
 * the holder is alive: a person may have added a label. But the observed version no longer exists.
 *
 * @param now local monotonic time after the response; before it, the record may have been different
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
 * Evaluates the readings of one attempt. Times in a record are ignored, because they come from the
 * clock of another machine.
 *
 * @param maxHonoredSeconds limits the duration that a record claims
 * @param identity ours. Without a group it is new for this attempt, so only a write of this attempt
 * can have put it into a record
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
    // It was written during the observation, so the writer is alive.
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
 * The longer of the two durations. A holder with a longer configured duration renews less often and
 * must not lose its lease; a holder with a shorter one is not harmed. The claimed duration is
 * limited, so a wrong value, or one written with a stolen token, cannot block the lease
 * permanently.
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
