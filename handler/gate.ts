import type { PassReason } from '../lib/rules/reason.ts';
import type { HeldLease } from './with-lease.ts';

/**
 * Ends the work of a pass that must not continue. It is not a failure of any workload: those that
 * it reaches stay unchanged for the next pass.
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
 * What every write asks right before it is sent. Its methods need no `this`: they are handed on to the
 * API client, which asks before each try.
 */
export interface Gate {
  /** @throws PassStopped if nothing may be begun any more */
  readonly assertMayWrite: () => void;
  /**
   * For an Event about a write that was done: it may be sent as long as the lease is held, since the next
   * pass finds nothing to do there, and so nothing to record.
   *
   * @throws PassStopped if the lease is lost
   */
  readonly assertLeaseHeld: () => void;
}

/**
 * @param held the lease that guards the work; undefined: it needs none
 * @param stop ends the work once it is aborted
 * @param whyStopped in words, for the report
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

/** What one of a gate's assertions throws now; undefined if nothing. */
export function thrownBy(assertion: () => void): PassStopped | undefined {
  try {
    assertion();
    return undefined;
  } catch (why) {
    if (why instanceof PassStopped) return why;
    throw why;
  }
}
