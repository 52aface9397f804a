import { WaveCronError } from '../errors.ts';
import type { Clock } from '../schedule/clock.ts';
import { withDeadline } from './deadline.ts';
import { LeaseLostError, LeaseReleasedError, type LossCause } from './error.ts';
import type { LeaseListener } from './event.ts';
import type { LeaseLock, LeaseRecord, LockReading } from './lock.ts';
import { leftRecord, releasedRecord, renewedRecord } from './record.ts';
import type { LeaseTiming } from './timing.ts';

/** A lease that was acquired. It is renewed in the background until it is released or lost. */
export interface LeaseHandle {
  readonly identity: string;
  /** The word that the holder before has left; undefined: none. */
  readonly cursor: string | undefined;
  /**
   * Aborted, with a LeaseLostError, when the lease is lost. It ends work that waits; it may come
   * late (a process that was stopped has run no timer), so it does not replace the check.
   */
  readonly lost: AbortSignal;
  /**
   * Whether a write may be sent now: the last renewal is recent enough by the local clock. Once it
   * is false it stays false.
   */
  isHeld(): boolean;
  /**
   * What time it is by the clock of the API server, as it noted the time of our last write of the Lease:
   * up to a second behind it, or ahead by as long as that write took. Undefined where it does not say.
   */
  serverTime(): Date | undefined;
  /** @throws LeaseLostError where isHeld() is false, LeaseReleasedError after release() */
  assertHeld(): void;
  /**
   * Stops the renewals and, unless it is held jointly, empties the holder, so that the next one
   * need not wait. To be called
   * when the withLease work has ended, also after a failure of it; never throws; a second call
   * returns what the first did.
   *
   * @param leaveForSeconds leaves it held instead, for so long from now on (within
   * leaseDurationBounds): nobody renews it, so others take it over after that
   * @param cursor a word for the next holder, in place of the one that was found
   */
  release(leaveForSeconds?: number, cursor?: string): Promise<Released>;
}

export type Released =
  | { readonly kind: 'released' }
  /** It is held on, jointly or for as long as it was to be left. */
  | { readonly kind: 'left' }
  /** Lost before: the record was left alone, since others may count on it. */
  | { readonly kind: 'notHeld' }
  /** The record may still name us: others take over when the duration is over. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** A successful write of our record. */
export interface Grant {
  readonly record: LeaseRecord;
  readonly version: string;
  /** Local monotonic time from before the request was sent, since nobody knows when it counted. */
  readonly sentAt: number;
  /** As in LockWrite. */
  readonly writtenAt?: number;
}

export interface LeaseHandleDeps {
  readonly lock: LeaseLock;
  readonly timing: LeaseTiming;
  readonly clock: Clock;
  readonly on: LeaseListener;
  /** Others hold the lease under the same identity, so that it is not given back at the end. */
  readonly shared: boolean;
  /** As it was found when the lease was taken. */
  readonly cursor?: string | undefined;
}

/** How often one renewal or release writes again after a conflict that nobody took over by. */
const maxConflicts = 3;

/**
 * Why two processes never both hold. A holder trusts its lease for two thirds of the duration from
 * before its last successful write was sent. A contender takes over only a version that it has
 * seen for the whole duration, which is after that write happened, and its own write fails if
 * another came in between. So as long as clocks run at rates within half of each other, the holder
 * has stopped before. No timer is part of this: a process that was stopped finds itself lost at
 * the first check after it wakes.
 *
 * The limit: the monotonic clock of Linux stands still while the whole machine is suspended. A
 * holder on a laptop that wakes after an hour may trust its lease until its next renewal, which
 * finds the new holder; the resourceVersion in each patch is what is left until then. The wall
 * clock could tell, but a step of it would then lose leases that are good.
 */
export function createLeaseHandle(
  { lock, timing, clock, on, shared, cursor: found }: LeaseHandleDeps,
  first: Grant,
): LeaseHandle {
  const lease = lock.describe();
  const identity = first.record.holderIdentity;
  const lost = new AbortController();
  const stop = new AbortController();
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
        // Whatever it was, a refusal too: the lease stays ours as long as the clock says so, and
        // an API server that starts may refuse what it allows a second later.
        lastFailure = error;
        if (isHeld()) on({ kind: 'renewalFailed', lease, error, validForMs: validForMs() });
        nextTryAt = Math.min(
          startedAt + timing.retryPeriodMs,
          latest.sentAt + timing.renewDeadlineMs,
        );
      }
    }
  }

  /** Waits for a moment of the local clock; false where the renewals have ended before it. */
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
   * One try. It changes nothing here, so one that was given up on and is answered after all cannot
   * set back what a later one reached.
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
      // Either the lease is lost, or a write of ours took effect whose answer was lost, or
      // somebody touched the Lease without taking it.
      signal.throwIfAborted();
      const found = await lock.get(call);
      const why = lossShownBy(found, identity);
      if (why !== undefined) return { kind: 'lost', why };
      if (found.kind === 'present') version = found.version;
    }
    throw changedEachTime();
  }

  async function giveBack(
    leaveForSeconds: number | undefined,
    cursor: string | undefined,
  ): Promise<Released> {
    // A lease that has run out by now is lost, even if nothing has looked at the clock since.
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
      const word = cursor === found ? {} : { cursor: cursor ?? null };
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

  /** The record that is to stay. */
  async function writeLast(
    leaveForSeconds: number | undefined,
    word: Pick<LeaseRecord, 'cursor'>,
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
      // Most likely by our own write, whose answer was lost.
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
 * Only a record that names us can be renewed. One that is gone or free may have had another holder
 * in between, and whoever emptied it wanted us to stop.
 */
function lossShownBy(found: LockReading, identity: string): LossCause | undefined {
  if (found.kind === 'absent') return { kind: 'deleted' };
  const holder = found.record.holderIdentity;
  if (holder === identity) return undefined;
  return holder === '' ? { kind: 'cleared' } : { kind: 'takenOver', holder };
}

function changedEachTime(): WaveCronError {
  return new WaveCronError(`the Lease changed before each of ${maxConflicts} writes`, {
    canRetry: true,
  });
}
