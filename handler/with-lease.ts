import { type AcquireOptions, acquire } from '../lib/lease/acquire.ts';
import type { HeldByOther, LeaseListener } from '../lib/lease/event.ts';
import type { LeaseHandle } from '../lib/lease/handle.ts';
import type { ProcessName, Random } from '../lib/lease/identity.ts';
import type { LeaseLock } from '../lib/lease/lock.ts';
import type { LeaseClaims } from '../lib/lease/timing.ts';
import type { Clock } from '../lib/schedule/clock.ts';

/** What guards a pass: the Lease, and who we are to it. */
export interface LeaseDeps {
  readonly lock: LeaseLock;
  readonly name: ProcessName;
  readonly random: Random;
  /**
   * A second Lease, which the processes of a group hold together, so that it keeps out whatever is
   * not of the group. A lock that is held jointly under this identity.
   */
  readonly shared?: { readonly lock: LeaseLock; readonly identity: string };
}

/** What withLease work has to know of the leases that guard it. */
export type HeldLease = Pick<LeaseHandle, 'isHeld' | 'lost' | 'serverTime'> & {
  /** The word that whoever held the lease before has left. */
  readonly cursor?: string | undefined;
};

export type LeaseOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** `lease`: which one, for people. */
  | ({ readonly kind: 'heldByOther'; readonly lease: string } & HeldByOther);

/**
 * Does work while the lease is held, and gives the lease back afterwards, also where the work
 * fails. The work is not begun where another holds the lease, or the joint one.
 *
 * @throws what `acquire` and the work throw
 */
export async function withLease<T>(
  { lock, name, random, shared }: LeaseDeps,
  options: LeaseClaims & {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly ifReleased: 'take' | 'leave';
    readonly on: LeaseListener;
    /** For how many seconds to leave the lease held after this result; undefined: give it back. */
    readonly leaveForSeconds?: (value: T) => number | undefined;
    /** A word to leave on the lease for the next one, asked for when the work has ended. */
    readonly cursor?: () => string | undefined;
  },
  work: (held: HeldLease) => Promise<T>,
): Promise<LeaseOutcome<T>> {
  return await whileHeld({ lock, name, random, ...options }, async (own) => {
    if (shared === undefined) return { kind: 'done', value: await work(own) };
    // Not before the own one, so that who has nothing to do keeps no other group waiting.
    const ofGroup = { lock: shared.lock, sharedIdentity: shared.identity, cursor: () => undefined };
    return await whileHeld({ name, random, ...options, ...ofGroup }, async (group) => ({
      kind: 'done',
      value: await work({
        cursor: own.cursor,
        serverTime: () => own.serverTime(),
        isHeld: () => own.isHeld() && group.isHeld(),
        lost: AbortSignal.any([own.lost, group.lost]),
      }),
    }));
  });
}

async function whileHeld<T>(
  {
    leaveForSeconds,
    cursor,
    ...options
  }: AcquireOptions & {
    readonly leaveForSeconds?: ((value: T) => number | undefined) | undefined;
    readonly cursor?: (() => string | undefined) | undefined;
  },
  run: (handle: LeaseHandle) => Promise<LeaseOutcome<T>>,
): Promise<LeaseOutcome<T>> {
  const acquired = await acquire(options);
  if (acquired.kind === 'heldByOther') return { ...acquired, lease: options.lock.describe() };
  let left: number | undefined;
  try {
    const result = await run(acquired.handle);
    if (result.kind === 'done') left = leaveForSeconds?.(result.value);
    return result;
  } finally {
    const { handle } = acquired;
    await handle.release(left, cursor === undefined ? handle.cursor : cursor());
  }
}
