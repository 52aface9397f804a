import type { PassReason } from '../../lib/rules/reason.ts';
import type { Clock } from '../../lib/schedule/clock.ts';

/** An answer for a probe: whether all is well, and one line that says why or why not. */
export interface ProbeAnswer {
  readonly ok: boolean;
  readonly text: string;
}

/** What the probes of a long-running process are answered with. */
export interface Health {
  /**
   * A pass has ended, with a report or with an error in words.
   *
   * @param outOfThreePeriodsMs how far away the third tick from now is
   */
  passEnded(
    end: { readonly pass: PassReason } | { readonly error: string },
    outOfThreePeriodsMs: number,
  ): void;
  /** No further pass begins. */
  stopping(): void;
  /** Well until no pass has completed, or been left to another process, for three periods. */
  healthz(): ProbeAnswer;
  /** Ready from the first pass that completed, or was left to another process, until one fails. */
  readyz(): ProbeAnswer;
}

/**
 * A period is the distance of two ticks; where a pass takes longer than that, it is what the last
 * pass took, since a cluster too large for its schedule is slow, not ill.
 *
 * @param outOfThreePeriodsMs how far away the third tick is at the start
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
