import { UsageError } from '../errors.ts';

/**
 * The bounds of the lease duration, in seconds. If the duration were shorter than `least`, a
 * healthy API server could be too slow for the renewals.
 */
export const leaseDurationBounds = { least: 5, most: 3600 } as const;

/** How long our record is valid, and how long a duration in another record may be. */
export interface LeaseClaims {
  /** Whole seconds, within leaseDurationBounds. */
  readonly durationSeconds: number;
  /** If a record claims a longer duration, the lease is still taken over after this time. */
  readonly maxHonoredSeconds: number;
}

/**
 * A duration in another record counts up to half of the time-out of a pass. So each pass can wait
 * for any holder and still do its work. This limit is never shorter than our own duration.
 */
export function leaseClaims({
  passTimeoutSeconds,
  lease: { durationSeconds },
}: {
  readonly passTimeoutSeconds: number;
  readonly lease: { readonly durationSeconds: number };
}): LeaseClaims {
  const maxHonoredSeconds = Math.max(durationSeconds, Math.floor(passTimeoutSeconds / 2));
  return { durationSeconds, maxHonoredSeconds };
}

/**
 * The times of an election. All of them are fractions of the duration, so an invalid combination,
 * such as a renewal after the lease has expired, is impossible.
 */
export interface LeaseTiming {
  readonly durationSeconds: number;
  /** The time for which a contender must observe an unchanged record before it takes over. */
  readonly durationMs: number;
  /**
   * How long after a renewal the holder relies on the lease. The remaining third of the duration is
   * for two cases: clocks with different rates, and a write that was sent just before the deadline
   * and is still in progress.
   */
  readonly renewDeadlineMs: number;
  /** The time from one renewal to the next. There is no jitter, because only the holder renews. */
  readonly renewPeriodMs: number;
  /**
   * The time-out of one attempt to renew. It is so short that after a dead connection, there is
   * time for another attempt.
   */
  readonly attemptTimeoutMs: number;
  /** The time from the start of a failed attempt to the start of the next attempt. */
  readonly retryPeriodMs: number;
  /** If the time between two renewals is longer than this, the late renewal is reported. */
  readonly lateRenewalMs: number;
  /** The time from one reading of a contender to the next reading. */
  readonly pollIntervalMs: number;
}

/** @throws UsageError if the duration is not a whole number of seconds within the bounds */
export function leaseTiming(durationSeconds: number): LeaseTiming {
  const { least, most } = leaseDurationBounds;
  if (!Number.isInteger(durationSeconds) || durationSeconds < least || durationSeconds > most) {
    throw new UsageError(
      `lease.durationSeconds is ${durationSeconds}: set a whole number from ${least} to ${most}`,
    );
  }
  const durationMs = durationSeconds * 1000;
  return {
    durationSeconds,
    durationMs,
    renewDeadlineMs: (durationMs * 2) / 3,
    renewPeriodMs: durationMs / 3,
    attemptTimeoutMs: durationMs / 5,
    retryPeriodMs: durationMs / 15,
    lateRenewalMs: durationMs / 2,
    pollIntervalMs: durationMs / 10,
  };
}
