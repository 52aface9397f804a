import type { PassReason } from '../lib/rules/reason.ts';
import type { HeldLease } from './held-lease.ts';

/**
 * Ends a pass that must not continue. No workload failed: the remaining workloads stay unchanged,
 * and the next pass handles them.
 */
export class PassStopped extends Error {
  override readonly name = 'PassStopped';
  readonly pass: Extract<PassReason, 'LeaseLost' | 'Interrupted'>;

  constructor(pass: PassStopped['pass'], sentence: string) {
    super(sentence);
    this.pass = pass;
  }
}

/**
 * The checks before every write. Its functions need no `this`, because the API client calls them
 * before each attempt.
 */
export interface Gate {
  /** @throws PassStopped if no new write may start */
  readonly assertMayWrite: () => void;
  /**
   * The check for an Event about a completed write. After an interruption, such an Event may still
   * be sent while the lease is held, because the next pass would not record this write.
   *
   * @throws PassStopped if the lease is lost
   */
  readonly assertLeaseHeld: () => void;
}

/**
 * @param held the lease that guards the work; undefined if the work needs no lease
 * @param stop ends the work when it is aborted
 * @param whyStopped gives the reason as a phrase for the report
 */
export function createGate(
  held: HeldLease | undefined,
  stop: AbortSignal,
  whyStopped: () => string,
): Gate {
  const assertLeaseHeld = (): void => {
    if (held === undefined || held.isHeld()) return;
    throw new PassStopped('LeaseLost', 'the lease was lost');
  };
  const assertMayWrite = (): void => {
    assertLeaseHeld();
    if (stop.aborted) throw new PassStopped('Interrupted', whyStopped());
  };
  return { assertMayWrite, assertLeaseHeld };
}

/** The PassStopped behind an error, if the pass was stopped; undefined if the work itself failed. */
export function stoppedBy(error: unknown, { assertMayWrite }: Gate): PassStopped | undefined {
  return error instanceof PassStopped ? error : thrownBy(assertMayWrite);
}

/** The error that an assertion of the gate throws now; undefined if it does not throw. */
export function thrownBy(assertion: () => void): PassStopped | undefined {
  try {
    assertion();
    return undefined;
  } catch (why) {
    if (why instanceof PassStopped) return why;
    throw why;
  }
}
