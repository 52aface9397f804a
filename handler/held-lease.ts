import type { HeldByOther } from '../lib/lease/event.ts';
import type { LeaseHandle } from '../lib/lease/handle.ts';

/** The state of the leases that the guarded work needs. */
export type HeldLease = Pick<LeaseHandle, 'isHeld' | 'lost' | 'serverTime'> & {
  /** The cursor that the previous holder left. */
  readonly cursor?: string | undefined;
};

export type LeaseOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** `lease`: its name, for messages. */
  | ({ readonly kind: 'heldByOther'; readonly lease: string } & HeldByOther);
