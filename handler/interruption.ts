import { WaveCronError } from '../lib/errors.ts';
import type { PassReason } from '../lib/rules/reason.ts';
import { sentence } from '../lib/text/printable.ts';
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

/** @throws PassStopped if the lease is lost. Undefined: the work needs no lease. */
export function assertHeld(held: HeldLease | undefined): void {
  if (held === undefined || held.isHeld()) return;
  throw new PassStopped('LeaseLost', 'the lease was lost');
}

/**
 * The PassStopped behind an error, if the pass was stopped; undefined if the work itself failed.
 */
export function stoppedBy(error: unknown, assertMayWrite: () => void): PassStopped | undefined {
  return error instanceof PassStopped ? error : whyStopped(assertMayWrite);
}

/** Why no write is allowed; undefined if writes are allowed. */
export function whyStopped(assertMayWrite: () => void): PassStopped | undefined {
  try {
    assertMayWrite();
    return undefined;
  } catch (why) {
    if (why instanceof PassStopped) return why;
    throw why;
  }
}

/**
 * Describes a failure for a report or a log. An unexpected error is described by its type only,
 * because its message could quote what was read.
 */
export function describeError(error: unknown): string {
  if (error instanceof WaveCronError) return sentence(error.message);
  return `unexpected ${error instanceof Error ? error.name : typeof error}: this is a bug in wave-cron, please report it`;
}
