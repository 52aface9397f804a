import type { Clock } from '../lib/clock.ts';
import { acquire } from '../lib/lease/acquire.ts';
import type { HeldByOther, LeaseListener } from '../lib/lease/event.ts';
import type { Hold } from '../lib/lease/hold.ts';
import type { ProcessName, Random } from '../lib/lease/identity.ts';
import type { LeaseLock } from '../lib/lease/lock.ts';

/** What guards a pass: the Lease, and who we are to it. */
export interface LeaseMeans {
  readonly lock: LeaseLock;
  readonly name: ProcessName;
  readonly random: Random;
}

export type Guarded<T> =
  | { readonly kind: 'done'; readonly value: T }
  | ({ readonly kind: 'heldByOther' } & HeldByOther);

/**
 * Does work while the lease is held, and gives the lease back afterwards, also where the work
 * fails. The work is not begun where another holds the lease.
 *
 * @throws what `acquire` and the work throw
 */
export async function guarded<T>(
  { lock, name, random }: LeaseMeans,
  options: {
    readonly durationSeconds: number;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly ifReleased: 'take' | 'leave';
    readonly on: LeaseListener;
  },
  work: (hold: Hold) => Promise<T>,
): Promise<Guarded<T>> {
  const acquired = await acquire({ lock, name, random, ...options });
  if (acquired.kind === 'heldByOther') return acquired;
  try {
    return { kind: 'done', value: await work(acquired.hold) };
  } finally {
    await acquired.hold.release();
  }
}
