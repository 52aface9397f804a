/**
 * What the election needs of a Lease. The algorithm sees this alone, so it is tested without a
 * cluster, and nothing of it depends on how a Lease is stored.
 */

/** What we write: always whole. */
export interface LeaseRecord {
  /** Empty: the lease is free. */
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  /** RFC 3339 with six digits of a second, on the clock of the holder. */
  readonly acquireTime: string;
  /** As acquireTime. */
  readonly renewTime: string;
  /** How often the holder has changed. */
  readonly leaseTransitions: number;
  /** A word for whoever takes the lease next; null takes the one away that is there, absent leaves it. */
  readonly cursor?: string | null;
}

/** What was read. Anybody may have written it, so only the holder is certain to be there. */
export interface FoundRecord {
  /** Empty: the lease is free. It may hold any character: quote it before it is shown. */
  readonly holderIdentity: string;
  /** Undefined where it is not a duration that wave-cron can have written. */
  readonly leaseDurationSeconds: number | undefined;
  /** How long the holder has held by its own clock at its last renewal; undefined if unknown. */
  readonly heldForMs: number | undefined;
  /** 0 where it is missing or not a count. */
  readonly leaseTransitions: number;
  /** Nobody has ever held it: no holder, no times, no transition. */
  readonly neverHeld: boolean;
  /** The record as text: two records with different texts are different. */
  readonly content: string;
}

export type LockReading =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'present';
      /**
       * Opaque; every write gives a new one, and none comes back. Of a lease that is held jointly
       * every record of the group has the same one: what they write need not be kept apart.
       */
      readonly version: string;
      /** It carries the mark that we put on a Lease with every write. */
      readonly annotated: boolean;
      readonly record: FoundRecord;
      /** The word that an earlier holder left, whoever has written it since. */
      readonly cursor?: string;
    };

export interface LockCall {
  /** Ends the request. A write may have happened all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Once aborted, nothing is tried again, but a request under way comes to its end. */
  readonly stopRetrying?: AbortSignal | undefined;
  /** Whether the lock itself tries again after a transient failure. */
  readonly retry: boolean;
}

export type LockWrite =
  | {
      readonly kind: 'done';
      readonly version: string;
      /** When, in milliseconds since 1970 by the clock of the server; absent where it does not say. */
      readonly writtenAt?: number;
    }
  /** Somebody else wrote in between, or our own earlier try did whose answer was lost. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'absent' };

/** Failures are thrown, as errors that know whether the same call may succeed a moment later. */
export interface LeaseLock {
  /** Which Lease this is, for people: `Lease default/wave-cron`. */
  describe(): string;
  /** A consistent read: the state at or after the moment of the call. */
  get(call: LockCall): Promise<LockReading>;
  /** Conflict where it exists already. */
  create(record: LeaseRecord, call: LockCall): Promise<LockWrite>;
  /** Conflict where the version is not the current one. */
  update(record: LeaseRecord, version: string, call: LockCall): Promise<LockWrite>;
}
