import type { Clock } from '../schedule/clock.ts';
import { ForeignLeaseError } from './error.ts';
import type { HeldByOther, LeaseListener } from './event.ts';
import { createLeaseHandle, type Grant, type LeaseHandle } from './handle.ts';
import { leaseIdentity, type ProcessName, type Random } from './identity.ts';
import type { LeaseLock, LockReading } from './lock.ts';
import { evaluate, type LeaseState, type Observation, observe } from './observe.ts';
import { foundRecord, takenRecord } from './record.ts';
import { type LeaseClaims, type LeaseTiming, leaseTiming } from './timing.ts';

export interface AcquireOptions extends LeaseClaims {
  readonly lock: LeaseLock;
  readonly name: ProcessName;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * The identity of a group whose processes hold the lease together, in place of one of this
   * process alone. The lock has to be one that is held jointly under it (see `kubernetesLock`).
   */
  readonly sharedIdentity?: string | undefined;
  /**
   * What to do where the holder gives the lease back while it is watched: take it (the default), or
   * leave it, since that holder has just done the work that this attempt is for.
   */
  readonly ifReleased?: 'take' | 'leave' | undefined;
  /**
   * Ends the attempt. A write under way comes to its end, so the lease may be held all the same; a
   * hold that was returned goes on until it is released.
   */
  readonly signal?: AbortSignal | undefined;
  readonly on: LeaseListener;
}

export type Acquired =
  | { readonly kind: 'held'; readonly handle: LeaseHandle }
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
  const { lock, clock, random, sharedIdentity, signal, on, maxHonoredSeconds } = options;
  const timing = leaseTiming(options.durationSeconds);
  const identity = sharedIdentity ?? leaseIdentity(options.name, random);
  const lease = lock.describe();
  const startedAt = clock.now();
  let seen: Observation | undefined;
  let taking: { readonly from: string; readonly unchangedForMs: number } | undefined;
  let unconfirmed: Sent | undefined;

  for (;;) {
    signal?.throwIfAborted();
    const reading = await lock.get({ signal, retry: true });
    const foreign = foreignLease(lock, reading);
    if (foreign !== undefined) throw foreign;
    const now = clock.now();
    const before = seen;
    seen = observe(before, reading, now);
    const state = evaluate(before, seen, { identity, timing, now, maxHonoredSeconds });

    const other = heldBy(state, options.ifReleased ?? 'take');
    if (other !== undefined) {
      const held = { ...other, watchedForMs: now - startedAt };
      on({ kind: 'heldByOther', lease, ...held });
      return { kind: 'heldByOther', ...held };
    }
    if (state.kind === 'unknown') {
      const { identity: holder, heldForMs } = state.holder;
      const { forMs, leftMs } = state;
      if (before === undefined) on({ kind: 'watching', lease, holder, heldForMs, forMs });
      await clock.sleep(Math.min(timing.pollIntervalMs * spread(random), leftMs), signal);
      continue;
    }

    if (state.kind === 'expired') {
      const { holder, unchangedForMs } = state;
      taking = { from: holder.identity, unchangedForMs };
    } else if (state.kind === 'free' && !(state.own && sharedIdentity === undefined)) {
      taking = undefined;
    }
    let grant = confirmed(unconfirmed, reading);
    unconfirmed = undefined;
    if (grant === undefined) {
      const { version, ...sent } = await take(options, timing, identity, reading);
      if (version !== undefined) grant = { ...sent, version };
      // Under the identity of a group it cannot be told from that of another of us.
      else if (sharedIdentity === undefined) unconfirmed = sent;
    }
    // Either another was faster, or our write took so long that its lease is over by our clock.
    if (grant === undefined || clock.now() - grant.sentAt >= timing.renewDeadlineMs) {
      // Not all losers of a race should come back at the same moment.
      await clock.sleep((timing.pollIntervalMs / 10) * random(), signal);
      continue;
    }
    on(
      taking === undefined
        ? { kind: 'acquired', lease, identity, created: reading.kind === 'absent' }
        : { kind: 'tookOver', lease, identity, ...taking },
    );
    const cursor = reading.kind === 'present' ? reading.cursor : undefined;
    const deps = { lock, timing, clock, on, shared: sharedIdentity !== undefined, cursor };
    return { kind: 'held', handle: createLeaseHandle(deps, grant) };
  }
}

/** Who has the lease so that this attempt is to end; undefined where it goes on. */
function heldBy(
  state: LeaseState,
  ifReleased: 'take' | 'leave',
): Omit<HeldByOther, 'watchedForMs'> | undefined {
  if (state.kind === 'held') {
    const { identity: holder, heldForMs } = state.holder;
    return { holder, heldForMs, seen: state.seen };
  }
  if (state.kind === 'free' && state.releasedBy !== undefined && ifReleased === 'leave') {
    const { identity: holder, heldForMs } = state.releasedBy;
    return { holder, heldForMs, seen: 'released' };
  }
  return undefined;
}

/** Up to a fifth longer, so that contenders that started together do not ask together. */
function spread(random: Random): number {
  return 1 + random() / 5;
}

/**
 * Every write of ours marks the Lease. One without the mark that somebody has held is another
 * program's, held or free at the moment; one that nobody ever held was made for us, by whoever
 * does not grant us `create`.
 *
 * @returns why the Lease must be left alone, undefined where it may be taken
 */
export function foreignLease(lock: LeaseLock, reading: LockReading): ForeignLeaseError | undefined {
  if (reading.kind === 'absent' || reading.annotated || reading.record.neverHeld) return undefined;
  return new ForeignLeaseError(lock.describe(), reading.record);
}

/** A write of ours of which nobody has said that it happened: it may have. */
type Sent = Omit<Grant, 'version'>;

/**
 * What is read is what we have sent: it did happen. To write it again would lose its answer again, where
 * something on the way spoils each of them.
 */
function confirmed(sent: Sent | undefined, reading: LockReading): Grant | undefined {
  if (sent === undefined || reading.kind === 'absent') return undefined;
  const isSame = foundRecord(sent.record).content === reading.record.content;
  return isSame ? { ...sent, version: reading.version } : undefined;
}

/** Writes our record over exactly what was read; no version where that is not there any more. */
async function take(
  { lock, clock, signal }: AcquireOptions,
  timing: LeaseTiming,
  identity: string,
  reading: LockReading,
): Promise<Sent & { readonly version: string | undefined; readonly writtenAt?: number }> {
  const found = reading.kind === 'present' ? reading.record : undefined;
  const record = takenRecord(found, identity, timing.durationSeconds, clock.wallTime());
  // Cut off, it may have happened: then nobody would renew or release what names us.
  const call = { stopRetrying: signal, retry: true };
  const sentAt = clock.now();
  const written =
    reading.kind === 'absent'
      ? await lock.create(record, call)
      : await lock.update(record, reading.version, call);
  if (written.kind !== 'done') return { record, sentAt, version: undefined };
  const { kind, ...rest } = written;
  return { record, sentAt, ...rest };
}
