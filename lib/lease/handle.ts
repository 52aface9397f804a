import { WaveCronError } from '../errors.ts';
import type { Clock } from '../schedule/clock.ts';
import { withDeadline } from './deadline.ts';
import { LeaseLostError, LeaseReleasedError, type LossCause } from './error.ts';
import type { LeaseListener } from './event.ts';
import type { LeaseLock, LeaseRecord, LockReading } from './lock.ts';
import { leftRecord, releasedRecord, renewedRecord, yieldsOnRequest } from './record.ts';
import type { LeaseTiming } from './timing.ts';

/** An acquired lease. It is renewed in the background until it is released or lost. */
export interface LeaseHandle {
  readonly identity: string;
  /** The cursor that the previous holder left; undefined if there is none. */
  readonly cursor: string | undefined;
  /**
   * Aborted with a LeaseLostError when the lease is lost. It ends work that waits. The abort may
   * come late, because no timer runs while the process is stopped. So it does not replace `isHeld`.
   */
  readonly lost: AbortSignal;
  /** Aborted if a renewal finds that another process requests the lease. */
  readonly requested: AbortSignal;
  /**
   * Whether a write may be sent now. This is true if the last renewal is recent enough by the local
   * clock. Once the result is false, it stays false.
   */
  isHeld(): boolean;
  /**
   * The current time by the clock of the API server. It is derived from the time that the API
   * server recorded for our last write of the Lease. It may be behind by up to a second, or ahead
   * by the duration of that write. Undefined if the Lease does not contain the time of our last
   * write.
   */
  serverTime(): Date | undefined;
  /** @throws LeaseLostError if isHeld() is false; LeaseReleasedError after release() */
  assertHeld(): void;
  /**
   * Stops the renewals and empties the field of the holder, so that the next holder need not wait.
   * In a shared lease, the holder stays. Call it when the work has ended, even if the work failed.
   * It never throws; a second call returns the result of the first.
   *
   * @param leaveForSeconds keeps the lease held for this time instead (within leaseDurationBounds).
   * The lease is not renewed, so other processes take it over after this time
   * @param cursor the cursor for the next holder; replaces the cursor that was found
   */
  release(leaveForSeconds?: number, cursor?: string): Promise<Released>;
}

export type Released =
  | { readonly kind: 'released' }
  /** The lease stays held, because it is shared, or because `leaveForSeconds` was given. */
  | { readonly kind: 'left' }
  /**
   * The lease was lost before. The record was not changed, because it may belong to another holder.
   */
  | { readonly kind: 'notHeld' }
  /**
   * The record may still name this process. Other processes then take over when the duration is
   * over.
   */
  | { readonly kind: 'failed'; readonly error: unknown };

/** A successful write of our record. */
export interface Grant {
  readonly record: LeaseRecord;
  readonly version: string;
  /**
   * Local monotonic time right before the request was sent. The time at which the write took effect
   * is unknown, but it is not earlier.
   */
  readonly sentAt: number;
  /** See LockWrite. */
  readonly writtenAt?: number;
}

export interface LeaseHandleDeps {
  readonly lock: LeaseLock;
  readonly timing: LeaseTiming;
  readonly clock: Clock;
  readonly on: LeaseListener;
  /**
   * Whether other processes hold the lease under the same identity. Then the lease is not released
   * at the end.
   */
  readonly shared: boolean;
  /** The cursor that was found when the lease was taken. */
  readonly cursor?: string | undefined;
  /** Whether the lease is released on request. */
  readonly keeps?: boolean;
}

/**
 * The maximum number of writes per renewal or release if conflicts occur although no other process
 * took over the lease.
 */
const maxConflicts = 3;

/**
 * This explains why two processes never hold the lease at the same time. A holder relies on its
 * lease for two thirds of the duration, counted from right before it sent its last successful
 * write. A contender takes over the Lease only after it has seen the same resourceVersion for the
 * whole duration. The contender saw this version first after the write of the holder took effect.
 * If another write comes in between, the write of the contender fails. So the holder has stopped before the contender
 * takes over, as long as the rates of their clocks differ by less than half. This does not depend
 * on timers: if a process was stopped, its first check after it wakes finds that the lease is lost.
 *
 * There is one limit: the monotonic clock of Linux stands still while the whole machine is
 * suspended. If a laptop wakes after an hour, a holder on it may rely on its lease until its next
 * renewal, which finds the new holder. Until then, only the resourceVersion in each patch prevents
 * overlapping writes. The wall clock would show the suspension, but with the wall clock, each step
 * of the clock would lose a valid lease.
 */
export function createLeaseHandle(
  { lock, timing, clock, on, shared, cursor: found, keeps = false }: LeaseHandleDeps,
  first: Grant,
): LeaseHandle {
  const lease = lock.describe();
  const identity = first.record.holderIdentity;
  const lost = new AbortController();
  const stop = new AbortController();
  const requested = new AbortController();
  let latest = first;
  let lastFailure: unknown;
  let loss: LeaseLostError | undefined;
  let releasing: Promise<Released> | undefined;
  let givenBack = false;

  const heldForMs = () => clock.now() - first.sentAt;
  const validForMs = () => latest.sentAt + timing.renewDeadlineMs - clock.now();

  function lose(why: LossCause): void {
    if (loss !== undefined) return;
    loss = new LeaseLostError(lease, why);
    on({ kind: 'lost', lease, error: loss, heldForMs: heldForMs() });
    stop.abort();
    lost.abort(loss);
  }

  function isHeld(): boolean {
    if (givenBack || loss !== undefined) return false;
    if (validForMs() > 0) return true;
    lose({
      kind: 'notRenewed',
      sinceRenewalMs: clock.now() - latest.sentAt,
      renewDeadlineMs: timing.renewDeadlineMs,
      lastFailure,
    });
    return false;
  }

  async function keepRenewed(): Promise<void> {
    let nextTryAt = latest.sentAt + timing.renewPeriodMs;
    while (await reached(nextTryAt)) {
      if (!isHeld()) return;
      const startedAt = clock.now();
      try {
        const limit = Math.min(timing.attemptTimeoutMs, validForMs());
        const renewal = await withDeadline(clock, limit, renew);
        if (renewal.kind === 'lost') return lose(renewal.why);
        reportIfLate(renewal.grant.sentAt - latest.sentAt);
        latest = renewal.grant;
        lastFailure = undefined;
        nextTryAt = latest.sentAt + timing.renewPeriodMs;
      } catch (error) {
        // After any error, even a denial, the lease stays held as long as the clock allows. An API
        // server that is just starting may deny a request that it allows a second later.
        lastFailure = error;
        if (isHeld()) on({ kind: 'renewalFailed', lease, error, validForMs: validForMs() });
        nextTryAt = Math.min(
          startedAt + timing.retryPeriodMs,
          latest.sentAt + timing.renewDeadlineMs,
        );
      }
    }
  }

  /** Waits until a time of the local clock; false if the renewals ended before. */
  async function reached(moment: number): Promise<boolean> {
    while (!stop.signal.aborted && clock.now() < moment) {
      await clock.sleep(moment - clock.now(), stop.signal).catch(() => undefined);
    }
    return !stop.signal.aborted;
  }

  function reportIfLate(afterMs: number): void {
    if (afterMs > timing.lateRenewalMs && loss === undefined)
      on({ kind: 'renewedLate', lease, afterMs });
  }

  /**
   * Makes one attempt. It changes no state of the handle. So if a response comes after the attempt
   * was given up, it cannot undo the result of a later attempt.
   */
  async function renew(signal: AbortSignal): Promise<Renewal> {
    const call = { signal, retry: false };
    let { version } = latest;
    for (let conflicts = 0; conflicts < maxConflicts; conflicts += 1) {
      signal.throwIfAborted();
      const sentAt = clock.now();
      const record = renewedRecord(latest.record, clock.wallTime());
      const written = await lock.update(record, version, call);
      if (written.kind === 'done') {
        const { kind, ...rest } = written;
        return { kind: 'renewed', grant: { record, sentAt, ...rest } };
      }
      // A conflict has three possible causes. The lease is lost; our write took effect and its
      // response was lost; or another client changed the Lease without taking it.
      signal.throwIfAborted();
      const found = await lock.get(call);
      const why = lossShownBy(found, identity);
      if (why !== undefined) return { kind: 'lost', why };
      if (found.kind === 'present') version = found.version;
      if (keeps && isRequested(found)) requested.abort();
    }
    throw changedEachTime();
  }

  async function giveBack(
    leaveForSeconds: number | undefined,
    cursor: string | undefined,
  ): Promise<Released> {
    // If the lease has expired, it is lost, even if nothing has checked the clock since then.
    isHeld();
    givenBack = true;
    stop.abort();
    await renewals;
    if (loss !== undefined) return { kind: 'notHeld' };
    if (shared) {
      on({ kind: 'leftToGroup', lease, heldForMs: heldForMs(), freeAfterMs: timing.durationMs });
      return { kind: 'left' };
    }
    try {
      const word = {
        ...(cursor === found ? {} : { cursor: cursor ?? null }),
        ...(keeps ? { yield: null } : {}),
      };
      const last = (signal: AbortSignal) => writeLast(leaveForSeconds, word, signal);
      const end = await withDeadline(clock, timing.renewPeriodMs, last);
      if (end.kind === 'notHeld') {
        on({ kind: 'notReleased', lease, holder: end.holder });
        return { kind: 'notHeld' };
      }
      if (leaveForSeconds !== undefined) {
        on({
          ...{ kind: 'leftHeld', lease, heldForMs: heldForMs() },
          freeAfterMs: leaveForSeconds * 1000,
        });
        return { kind: 'left' };
      }
      on({ kind: 'released', lease, heldForMs: heldForMs() });
      return { kind: 'released' };
    } catch (error) {
      on({ kind: 'releaseFailed', lease, error, freeAfterMs: timing.durationMs });
      return { kind: 'failed', error };
    }
  }

  /** Writes the final record. */
  async function writeLast(
    leaveForSeconds: number | undefined,
    word: Pick<LeaseRecord, 'cursor' | 'yield'>,
    signal: AbortSignal,
  ): Promise<LastWrite> {
    const call = { signal, retry: true };
    let { version } = latest;
    for (let conflicts = 0; conflicts < maxConflicts; conflicts += 1) {
      signal.throwIfAborted();
      const now = clock.wallTime();
      const record =
        leaveForSeconds === undefined
          ? releasedRecord(latest.record, now)
          : leftRecord(latest.record, leaveForSeconds, now);
      const written = await lock.update({ ...record, ...word }, version, call);
      if (written.kind === 'done') return { kind: 'written' };
      signal.throwIfAborted();
      const found = await lock.get(call);
      if (found.kind === 'absent') return { kind: 'notHeld', holder: undefined };
      const holder = found.record.holderIdentity;
      // Most likely, our own earlier attempt emptied the field of the holder, and the response to
      // it was lost.
      if (holder === '' && leaveForSeconds === undefined) return { kind: 'written' };
      if (holder !== identity) return { kind: 'notHeld', holder };
      version = found.version;
    }
    throw changedEachTime();
  }

  const renewals = keepRenewed();

  return {
    identity,
    cursor: found,
    lost: lost.signal,
    requested: requested.signal,
    isHeld,
    serverTime() {
      const { writtenAt, sentAt } = latest;
      return writtenAt === undefined ? undefined : new Date(writtenAt + clock.now() - sentAt);
    },
    assertHeld() {
      if (isHeld()) return;
      throw loss ?? new LeaseReleasedError(lease);
    },
    release(leaveForSeconds, cursor) {
      releasing ??= giveBack(leaveForSeconds, cursor);
      return releasing;
    },
  };
}

type Renewal =
  | { readonly kind: 'renewed'; readonly grant: Grant }
  | { readonly kind: 'lost'; readonly why: LossCause };

type LastWrite =
  | { readonly kind: 'written' }
  | { readonly kind: 'notHeld'; readonly holder: string | undefined };

/**
 * Only a record that names this process may be renewed. If the record is deleted or free, another
 * process may have held the lease in between, or a person cleared it to stop this process.
 */
function lossShownBy(found: LockReading, identity: string): LossCause | undefined {
  if (found.kind === 'absent') return { kind: 'deleted' };
  const holder = found.record.holderIdentity;
  if (holder === identity) return undefined;
  return holder === '' ? { kind: 'cleared' } : { kind: 'takenOver', holder };
}

function isRequested(found: LockReading): boolean {
  return found.kind === 'present' && found.yield !== yieldsOnRequest && found.yield !== undefined;
}

function changedEachTime(): WaveCronError {
  return new WaveCronError(`the Lease changed before each of ${maxConflicts} writes`, {
    canRetry: true,
  });
}
