import { UsageError } from '../errors.ts';

/** Seconds. Below the least a healthy API server could be too slow for the renewals. */
export const leaseDurationBounds = { least: 5, most: 3600 } as const;

/** How long a record of ours counts, and how much of what another's record claims is heeded. */
export interface LeaseClaims {
  /** Whole seconds, within leaseDurationBounds. */
  readonly durationSeconds: number;
  /** A record that claims more is outwaited after so many seconds. */
  readonly maxHonoredSeconds: number;
}

/**
 * What a record claims is heeded for half of a pass's time-out, so that each pass can outwait whoever
 * holds the Lease and still do its work; but never for less than what we claim ourselves.
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
 * How the times of an election hang together. All of them are fractions of the duration, so a
 * combination that cannot work (a renewal after the lease has ended) cannot be said.
 */
export interface LeaseTiming {
  readonly durationSeconds: number;
  /** How long a contender must see a record unchanged before it takes over. */
  readonly durationMs: number;
  /**
   * How long after a renewal the holder trusts it. The third that is left is for clocks that run
   * at different rates and for a write that was sent just before the end and is still under way.
   */
  readonly renewDeadlineMs: number;
  /** From one renewal to the next. Without jitter: one holder renews, there is nothing to spread. */
  readonly renewPeriodMs: number;
  /** What one try of a renewal may take, so that a dead connection leaves time for a second try. */
  readonly attemptTimeoutMs: number;
  /** From the start of a try that failed to the start of the next. */
  readonly retryPeriodMs: number;
  /** A renewal that comes later than this after the one before is told. */
  readonly lateRenewalMs: number;
  /** From one look of a contender to the next. */
  readonly pollIntervalMs: number;
}

/** @throws UsageError where the duration is not a whole number of seconds within the bounds */
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
