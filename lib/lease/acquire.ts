import type { Clock } from '../clock.ts';
import { ForeignLeaseError } from './error.ts';
import type { HeldByOther, LeaseListener } from './event.ts';
import { type Grant, type Hold, startHold } from './hold.ts';
import { leaseIdentity, type ProcessName, type Random } from './identity.ts';
import type { LeaseLock, LockReading } from './lock.ts';
import { takenRecord } from './record.ts';
import { type LeaseTiming, leaseTiming } from './timing.ts';

export interface AcquireOptions {
  readonly lock: LeaseLock;
  readonly name: ProcessName;
  /** Whole seconds, within leaseDurationBounds. */
  readonly durationSeconds: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the attempt; a hold that was returned goes on until it is released. */
  readonly signal?: AbortSignal | undefined;
  readonly on: LeaseListener;
}

export type Acquired =
  | { readonly kind: 'held'; readonly hold: Hold }
  | ({ readonly kind: 'heldByOther' } & HeldByOther);

/**
 * One attempt to get the lease, as client-go's leader election makes it, but with an end: a free
 * lease is taken at once; a held one is watched until its holder shows life (then it is held by
 * another) or the whole duration is over without any change (then it is taken over).
 *
 * @throws UsageError for an impossible duration, ForeignLeaseError where the Lease is another
 * program's, what the lock throws, and the reason of the signal
 */
export async function acquire(options: AcquireOptions): Promise<Acquired> {
  const { lock, clock, random, signal, on } = options;
  const timing = leaseTiming(options.durationSeconds);
  const identity = leaseIdentity(options.name, random);
  const lease = lock.describe();
  const startedAt = clock.now();
  let seen: Sighting | undefined;

  for (;;) {
    signal?.throwIfAborted();
    const reading = await lock.get({ signal, retry: true });
    refuseForeign(lock, reading);

    const before = seen;
    // The time after the answer: before it, the record may not have been this one yet.
    seen = sighting(before, reading, clock.now());
    const holder = otherHolder(reading, identity);
    if (holder !== undefined) {
      const { heldForMs } = holder;
      const life = before === undefined ? undefined : signOfLife(before.reading, reading);
      if (life !== undefined) {
        const watchedForMs = clock.now() - startedAt;
        const held = { holder: holder.identity, heldForMs, seen: life, watchedForMs };
        on({ kind: 'heldByOther', lease, ...held });
        return { kind: 'heldByOther', ...held };
      }
      const forMs = waitMs(timing, holder.durationSeconds);
      if (before === undefined) {
        on({ kind: 'watching', lease, holder: holder.identity, heldForMs, forMs });
      }
      const leftMs = forMs - (clock.now() - seen.since);
      if (leftMs > 0) {
        await clock.sleep(Math.min(timing.lookEveryMs * spread(random), leftMs), signal);
        continue;
      }
    }

    const grant = await take(options, timing, identity, reading);
    if (grant === undefined) {
      // Another was faster. Not all losers of a race should come back at the same moment.
      await clock.sleep((timing.lookEveryMs / 10) * random(), signal);
      continue;
    }
    if (holder === undefined) {
      on({ kind: 'acquired', lease, identity, created: reading.kind === 'absent' });
    } else {
      const unchangedForMs = clock.now() - seen.since;
      on({ kind: 'tookOver', lease, identity, from: holder.identity, unchangedForMs });
    }
    return { kind: 'held', hold: startHold({ lock, timing, clock, on }, grant) };
  }
}

/** The last reading, and since when every reading was the same. */
interface Sighting {
  readonly reading: LockReading;
  /** Local monotonic time. */
  readonly since: number;
}

/**
 * Any change starts the watch anew, also one of the version alone: it shows no life (somebody may
 * have put a label on the Lease), but the version that we watched is not there any more.
 */
function sighting(before: Sighting | undefined, reading: LockReading, now: number): Sighting {
  const same = before !== undefined && isSame(before.reading, reading);
  return { reading, since: same ? before.since : now };
}

function isSame(one: LockReading, other: LockReading): boolean {
  return version(one) === version(other) && content(one) === content(other);
}

function version(reading: LockReading): string | undefined {
  return reading.kind === 'present' ? reading.version : undefined;
}

function content(reading: LockReading): string | undefined {
  return reading.kind === 'present' ? reading.record.content : undefined;
}

/** A record that was written while we watched was written by somebody who is alive. */
function signOfLife(before: LockReading, now: LockReading): HeldByOther['seen'] | undefined {
  if (content(before) === content(now)) return undefined;
  return holderIn(before) === holderIn(now) ? 'renewed' : 'changedHands';
}

function holderIn(reading: LockReading): string {
  return reading.kind === 'present' ? reading.record.holderIdentity : '';
}

interface OtherHolder {
  readonly identity: string;
  readonly durationSeconds: number | undefined;
  readonly heldForMs: number | undefined;
}

/**
 * Undefined where the lease can be taken at once: there is none, nobody holds it, or we do. Our
 * identity is new for this attempt, so it can only be there because a write of this attempt took
 * effect and its answer was lost.
 */
function otherHolder(reading: LockReading, identity: string): OtherHolder | undefined {
  if (reading.kind === 'absent') return undefined;
  const { holderIdentity, leaseDurationSeconds, heldForMs } = reading.record;
  if (holderIdentity === '' || holderIdentity === identity) return undefined;
  return { identity: holderIdentity, durationSeconds: leaseDurationSeconds, heldForMs };
}

/**
 * The longer of the two durations: a holder that was configured with a longer one renews less
 * often and must not be robbed, and one with a shorter one loses nothing. What the record says
 * counts only within the bounds of our settings (see foundRecord), so a wrong value cannot keep
 * the lease for ever.
 */
function waitMs(timing: LeaseTiming, recordSeconds: number | undefined): number {
  return Math.max(timing.durationMs, (recordSeconds ?? 0) * 1000);
}

/** Up to a fifth longer, so that contenders that started together do not ask together. */
function spread(random: Random): number {
  return 1 + random() / 5;
}

/**
 * Every write of ours marks the Lease. One without the mark that somebody has held is another
 * program's, held or free at the moment; one that nobody ever held was made for us, by whoever
 * does not grant us `create`.
 */
function refuseForeign(lock: LeaseLock, reading: LockReading): void {
  if (reading.kind === 'absent' || reading.marked || reading.record.pristine) return;
  throw new ForeignLeaseError(lock.describe(), reading.record);
}

/** Writes our record over exactly what was read; undefined where that is not there any more. */
async function take(
  { lock, clock, signal }: AcquireOptions,
  timing: LeaseTiming,
  identity: string,
  reading: LockReading,
): Promise<Grant | undefined> {
  const found = reading.kind === 'present' ? reading.record : undefined;
  const record = takenRecord(found, identity, timing.durationSeconds, clock.wallTime());
  const call = { signal, retry: true };
  const sentAt = clock.now();
  const written =
    reading.kind === 'absent'
      ? await lock.create(record, call)
      : await lock.update(record, reading.version, call);
  return written.kind === 'done' ? { record, version: written.version, sentAt } : undefined;
}
