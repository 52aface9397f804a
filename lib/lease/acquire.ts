import type { Clock } from '../schedule/clock.ts';
import { ForeignLeaseError } from './error.ts';
import type { HeldByOther, LeaseListener } from './event.ts';
import { createLeaseHandle, type Grant, type LeaseHandle } from './handle.ts';
import { leaseIdentity, type ProcessName, type Random } from './identity.ts';
import type { LeaseLock, LockReading } from './lock.ts';
import { evaluate, type LeaseState, type Observation, observe } from './observe.ts';
import { foundRecord, takenRecord, yieldsOnRequest } from './record.ts';
import { type LeaseClaims, type LeaseTiming, leaseTiming } from './timing.ts';

export interface AcquireOptions extends LeaseClaims {
  readonly lock: LeaseLock;
  readonly name: ProcessName;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * The holder identity of a group whose processes hold the lease together. Undefined: this process
   * holds the lease alone, under an identity of its own. The lock must be created for the identity
   * of the group (see `kubernetesLock`).
   */
  readonly sharedIdentity?: string | undefined;
  /**
   * The reaction if the holder releases the lease during this attempt. `take` is the default. Use
   * `leave` if the holder has just done the work that this process would do.
   */
  readonly ifReleased?: 'take' | 'leave' | undefined;
  /** Whether this process will keep the lease between passes, and release it on request. */
  readonly keeps?: boolean | undefined;
  /**
   * Whether to request the lease from a holder that keeps the lease, and to wait for its release.
   */
  readonly requestsYield?: boolean | undefined;
  /**
   * Ends the attempt. A write in progress is still completed, so the process may hold the lease
   * after the attempt has ended. If a handle was returned, it stays valid until it is released.
   */
  readonly signal?: AbortSignal | undefined;
  readonly on: LeaseListener;
}

export type Acquired =
  | { readonly kind: 'held'; readonly handle: LeaseHandle }
  | ({ readonly kind: 'heldByOther' } & HeldByOther);

/**
 * Makes one attempt to acquire the lease. It works like client-go's leader election, but the
 * attempt ends. A free lease is taken at once. A held lease is observed. If it changes, another
 * process holds it. If it stays unchanged for the whole duration, it is taken over.
 *
 * @throws UsageError for an invalid duration; ForeignLeaseError if the Lease belongs to another
 * program; errors of the lock; the reason of the signal
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
  const request = new YieldRequest(options, identity);

  for (;;) {
    signal?.throwIfAborted();
    const reading = await lock.get({ signal, retry: true });
    const foreign = foreignLease(lock, reading);
    if (foreign !== undefined) throw foreign;
    const now = clock.now();
    const before = seen;
    seen = observe(before, reading, now);
    const state = evaluate(before, seen, { identity, timing, now, maxHonoredSeconds });

    await request.send(state, reading);
    const other = heldBy(state, options.ifReleased ?? 'take');
    if (other !== undefined && request.isPending()) {
      await clock.sleep(yieldPollMs, signal);
      continue;
    }
    if (other !== undefined) {
      const held = { ...other, watchedForMs: now - startedAt };
      on({ kind: 'heldByOther', lease, ...held });
      return { kind: 'heldByOther', ...held };
    }
    if (state.kind === 'unknown') {
      const { identity: holder, heldForMs } = state.holder;
      const { forMs, leftMs } = state;
      if (before === undefined) on({ kind: 'watching', lease, holder, heldForMs, forMs });
      const pollMs = request.isPending() ? yieldPollMs : timing.pollIntervalMs * spread(random);
      await clock.sleep(Math.min(pollMs, leftMs), signal);
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
      // The identity of a group does not show who wrote: another member may have written this
      // record.
      else if (sharedIdentity === undefined) unconfirmed = sent;
    }
    // Either another process took the lease first, or our write took so long that the lease has
    // expired by our clock.
    if (grant === undefined || clock.now() - grant.sentAt >= timing.renewDeadlineMs) {
      // A random pause, so that the processes whose writes conflicted do not all try again at the
      // same moment.
      await clock.sleep((timing.pollIntervalMs / 10) * random(), signal);
      continue;
    }
    on(
      taking === undefined
        ? { kind: 'acquired', lease, identity, created: reading.kind === 'absent' }
        : { kind: 'tookOver', lease, identity, ...taking },
    );
    const cursor = reading.kind === 'present' ? reading.cursor : undefined;
    const deps = {
      ...{ lock, timing, clock, on, shared: sharedIdentity !== undefined, cursor },
      keeps: options.keeps === true,
    };
    return { kind: 'held', handle: createLeaseHandle(deps, grant) };
  }
}

/**
 * How long a contender waits after a request. A holder that keeps the lease sees the request at the
 * next renewal, and releases the lease when its pass has ended.
 */
const yieldWithinMs = 10_000;
const yieldPollMs = 200;

/** Requests the lease once from a holder that keeps the lease. */
class YieldRequest {
  readonly #options: AcquireOptions;
  readonly #identity: string;
  #sentAt: number | undefined;

  constructor(options: AcquireOptions, identity: string) {
    this.#options = options;
    this.#identity = identity;
  }

  /** Whether the lease was requested, and the holder still has time to release it. */
  isPending(): boolean {
    return this.#sentAt !== undefined && this.#options.clock.now() - this.#sentAt < yieldWithinMs;
  }

  async send({ kind }: LeaseState, reading: LockReading): Promise<void> {
    const { requestsYield, lock, clock, signal } = this.#options;
    if (requestsYield !== true || this.#sentAt !== undefined) return;
    if (kind !== 'unknown' && kind !== 'held') return;
    if (reading.kind === 'absent' || reading.yield === undefined) return;
    this.#sentAt = clock.now();
    await lock.requestYield(this.#identity, { signal, retry: true });
  }
}

/** The holder that ends this attempt; undefined if the attempt continues. */
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

/**
 * A factor that adds up to a fifth, so that contenders that started at the same time do not poll at
 * the same time.
 */
function spread(random: Random): number {
  return 1 + random() / 5;
}

/**
 * Each of our writes sets the annotation. If a Lease without the annotation was ever held, it
 * belongs to another program, even if the Lease is free now. If it was never held, somebody created
 * it for us, because we have no permission to `create` Leases.
 *
 * @returns why the Lease must not be touched; undefined if it may be taken
 */
export function foreignLease(lock: LeaseLock, reading: LockReading): ForeignLeaseError | undefined {
  if (reading.kind === 'absent' || reading.annotated || reading.record.neverHeld) return undefined;
  return new ForeignLeaseError(lock.describe(), reading.record);
}

/** A write whose response was lost. The write may have taken effect. */
type Sent = Omit<Grant, 'version'>;

/**
 * If the reading equals our lost write, that write took effect. A second write would not help,
 * because a proxy may damage the response to each write.
 */
function confirmed(sent: Sent | undefined, reading: LockReading): Grant | undefined {
  if (sent === undefined || reading.kind === 'absent') return undefined;
  const isSame = foundRecord(sent.record).content === reading.record.content;
  if (!isSame) return undefined;
  const { version, writtenAt } = reading;
  return { ...sent, version, ...(writtenAt === undefined ? {} : { writtenAt }) };
}

/**
 * Writes our record if the Lease has not changed since it was read. If it has changed, `version` is
 * undefined.
 */
async function take(
  { lock, clock, signal, keeps }: AcquireOptions,
  timing: LeaseTiming,
  identity: string,
  reading: LockReading,
): Promise<Sent & { readonly version: string | undefined; readonly writtenAt?: number }> {
  const found = reading.kind === 'present' ? reading.record : undefined;
  const record = takenRecord(found, identity, timing.durationSeconds, clock.wallTime());
  // The signal must not abort this request. If the write took effect after an abort, nothing would
  // renew or release our record.
  const call = { stopRetrying: signal, retry: true };
  const sentAt = clock.now();
  const isLeft = reading.kind === 'present' && reading.yield !== undefined;
  const yields = keeps ? { yield: yieldsOnRequest } : isLeft ? { yield: null } : {};
  const written =
    reading.kind === 'absent'
      ? await lock.create({ ...record, ...yields }, call)
      : await lock.update({ ...record, ...yields }, reading.version, call);
  if (written.kind !== 'done') return { record, sentAt, version: undefined };
  const { kind, ...rest } = written;
  return { record, sentAt, ...rest };
}
