import { type AcquireOptions, acquire } from '../lib/lease/acquire.ts';
import type { LeaseListener } from '../lib/lease/event.ts';
import type { LeaseHandle } from '../lib/lease/handle.ts';
import type { ProcessName, Random } from '../lib/lease/identity.ts';
import type { LeaseLock } from '../lib/lease/lock.ts';
import type { LeaseClaims } from '../lib/lease/timing.ts';
import type { Clock } from '../lib/schedule/clock.ts';
import type { HeldLease, LeaseOutcome } from './held-lease.ts';
import type { LeaseKeeper } from './lease-keeper.ts';

/** The Lease that guards a pass, and the identity of this process. */
export interface LeaseDeps {
  readonly lock: LeaseLock;
  readonly name: ProcessName;
  readonly random: Random;
  /**
   * A second Lease that the processes of a group share. It excludes processes outside the group.
   * Its lock must be created for the shared identity.
   */
  readonly shared?: { readonly lock: LeaseLock; readonly identity: string };
  /** Keeps the Lease after the work. Not allowed together with `shared`. */
  readonly keeper?: LeaseKeeper;
}

/**
 * Runs `work` while the lease is held, and releases the lease afterwards, even if the work fails;
 * with a keeper, the lease stays held.
 * The work does not start if another process holds the lease or the shared lease.
 *
 * @throws what `acquire` and the work throw
 */
export async function withLease<T>(
  { lock, name, random, shared, keeper }: LeaseDeps,
  options: LeaseClaims & {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly ifReleased: 'take' | 'leave';
    /** Whether to request the lease from a holder that keeps the lease between passes. */
    readonly requestsYield?: boolean;
    readonly on: LeaseListener;
    /**
     * Gets the result of the work, and returns the number of seconds for which the lease stays held
     * after the work; undefined: release the lease.
     */
    readonly leaveForSeconds?: (value: T) => number | undefined;
    /** Returns the cursor for the next holder. It is called when the work has ended. */
    readonly cursor?: () => string | undefined;
  },
  work: (held: HeldLease) => Promise<T>,
): Promise<LeaseOutcome<T>> {
  if (keeper !== undefined) {
    const { leaveForSeconds: _, cursor = () => undefined, ...acquiring } = options;
    return await keeper.run({ lock, name, random, ...acquiring }, work, cursor);
  }
  return await whileHeld({ lock, name, random, ...options }, async (own) => {
    if (shared === undefined) return { kind: 'done', value: await work(own) };
    // The shared lease is acquired second. Otherwise, a process that only waits for its own lease
    // would block another group.
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
