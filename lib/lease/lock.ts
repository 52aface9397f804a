/**
 * The operations that the election needs. The algorithm of the election uses only this interface.
 * So it can be tested without a cluster, and does not depend on how a Lease is stored.
 */

/** The record that we write. Each write contains all of its fields. */
export interface LeaseRecord {
  /** Empty if the lease is free. */
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  /** RFC 3339 with six fractional digits, by the clock of the holder. */
  readonly acquireTime: string;
  /** The time of the last renewal, in the format of acquireTime. */
  readonly renewTime: string;
  /** How often the holder has changed. */
  readonly leaseTransitions: number;
  /** A cursor for the next holder. null removes the current cursor; undefined keeps it. */
  readonly cursor?: string | null;
  /** The annotation `/yield`: see `yieldsOnRequest`. null removes it; undefined keeps it. */
  readonly yield?: string | null;
}

/**
 * A record that was read. Any client may have written it, so only the field of the holder is always
 * present.
 */
export interface FoundRecord {
  /** Empty if the lease is free. It may contain any character: quote it before printing it. */
  readonly holderIdentity: string;
  /** Undefined if the value is not a duration that wave-cron writes. */
  readonly leaseDurationSeconds: number | undefined;
  /**
   * The time for which the holder had held the lease when it last renewed the lease, by the clock
   * of the holder; undefined if unknown.
   */
  readonly heldForMs: number | undefined;
  /** The number of transitions; 0 if the field is missing or invalid. */
  readonly leaseTransitions: number;
  /** Whether the lease was never held: it has no holder, no times and no transitions. */
  readonly neverHeld: boolean;
  /** The record as text. Different records have different texts. */
  readonly content: string;
}

export type LockReading =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'present';
      /**
       * Opaque. Every write produces a new version, and no version is reused. In a shared lease,
       * all records of the group have the same version, because writes of the members need not
       * exclude each other.
       */
      readonly version: string;
      /** Whether the Lease has the annotation that each of our writes sets. */
      readonly annotated: boolean;
      readonly record: FoundRecord;
      /** The cursor of an earlier holder, even if other clients have written the record since. */
      readonly cursor?: string;
      /** The annotation `/yield`: `yieldsOnRequest`, or the identity that requests the lease. */
      readonly yield?: string;
      /** The time of the last write by any process of wave-cron: see LockWrite. */
      readonly writtenAt?: number;
    };

export interface LockCall {
  /** Ends the request. A write may take effect even if its request was ended. */
  readonly signal?: AbortSignal | undefined;
  /** Once aborted, no retry starts, but a request in progress is completed. */
  readonly stopRetrying?: AbortSignal | undefined;
  /** Whether the lock retries after a transient failure. */
  readonly retry: boolean;
}

export type LockWrite =
  | {
      readonly kind: 'done';
      readonly version: string;
      /**
       * Milliseconds since 1970 by the clock of the server; absent if the server does not report
       * it.
       */
      readonly writtenAt?: number;
    }
  /**
   * Another client wrote in between, or our own earlier attempt took effect and its response was
   * lost.
   */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'absent' };

/** The functions throw errors that say whether the same call may succeed later. */
export interface LeaseLock {
  /** The name of the Lease for messages: `Lease default/wave-cron`. */
  describe(): string;
  /** A consistent read: the state at the time of the call or later. */
  get(call: LockCall): Promise<LockReading>;
  /** Returns a conflict if the Lease already exists. */
  create(record: LeaseRecord, call: LockCall): Promise<LockWrite>;
  /** Writes a record. Returns a conflict if the version is not the current version. */
  update(record: LeaseRecord, version: string, call: LockCall): Promise<LockWrite>;
  /** Requests a lease from the holder that keeps the lease. */
  requestYield(identity: string, call: LockCall): Promise<void>;
}
