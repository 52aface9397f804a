import type { PassReason } from '../../lib/rules/reason.ts';
import type { Clock } from '../../lib/schedule/clock.ts';

/** The result of a probe: whether it succeeds, and one line with the reason. */
export interface ProbeAnswer {
  readonly ok: boolean;
  readonly text: string;
}

/** The probes of a long-running process. */
export interface Health {
  /**
   * Reports that a pass ended, with its result or an error message.
   *
   * @param outOfThreePeriodsMs time until the third tick from now
   */
  passEnded(
    end: { readonly pass: PassReason } | { readonly error: string },
    outOfThreePeriodsMs: number,
  ): void;
  /** Reports that no further pass starts. */
  stopping(): void;
  /**
   * A pass counts if it completed, or was skipped because another process held the Lease. Fails if
   * no pass has counted for three periods.
   */
  healthz(): ProbeAnswer;
  /**
   * Succeeds if the most recent pass completed, or was skipped because another process held the
   * Lease. Fails before the first pass has ended, and after a failed pass.
   */
  readyz(): ProbeAnswer;
}

/**
 * Tracks the health of a process. A period is the time between two ticks. If the last pass took
 * longer, its duration is the period: in this case, the cluster is too large for the schedule, but
 * the process is healthy.
 *
 * @param outOfThreePeriodsMs time until the third tick at the start
 */
export function trackHealth(clock: Clock, outOfThreePeriodsMs: number): Health {
  const startedAt = clock.now();
  let goodAt: number | undefined;
  let last: { readonly pass: PassReason } | { readonly error: string } | undefined;
  let dueAt = startedAt + outOfThreePeriodsMs;
  let isStopping = false;

  const ago = (moment: number): string => `${Math.round((clock.now() - moment) / 1000)} s`;
  const lastPass = (): string => {
    if (last === undefined) return 'the first pass has not ended yet';
    return 'error' in last ? `the last pass failed: ${last.error}` : `the last pass: ${last.pass}`;
  };

  return {
    passEnded(end, threePeriodsMs) {
      last = end;
      if (!isGood(end)) return;
      goodAt = clock.now();
      dueAt = goodAt + threePeriodsMs;
    },
    stopping() {
      isStopping = true;
    },
    healthz() {
      if (clock.now() < dueAt) return { ok: true, text: `ok; ${lastPass()}` };
      const since =
        goodAt === undefined
          ? `since the start ${ago(startedAt)} ago`
          : `for ${ago(goodAt)}, which is more than three periods`;
      return { ok: false, text: `no pass has completed or been skipped ${since}; ${lastPass()}` };
    },
    readyz() {
      if (isStopping) return { ok: false, text: 'stopping: no further pass starts' };
      return { ok: last !== undefined && isGood(last), text: lastPass() };
    },
  };
}

function isGood(end: { readonly pass: PassReason } | { readonly error: string }): boolean {
  return 'pass' in end && (end.pass === 'Completed' || end.pass === 'LeaseHeld');
}
