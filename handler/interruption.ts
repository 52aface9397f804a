import { WaveCronError } from '../lib/errors.ts';
import type { PassReason } from '../lib/rules/reason.ts';
import { sentence } from '../lib/text/printable.ts';
import type { HeldLease } from './with-lease.ts';

/**
 * Unwinds what a pass has in work once it must not go on. Not a failure of any workload: those
 * that it reaches are left as they are, and the next pass finds them so.
 */
export class PassStopped extends Error {
  override readonly name = 'PassStopped';
  readonly pass: Extract<PassReason, 'LeaseLost' | 'Interrupted'>;

  constructor(pass: PassStopped['pass'], sentence: string) {
    super(sentence);
    this.pass = pass;
  }
}

/** @throws PassStopped where the lease that guards the work is lost; undefined: it needs none */
export function assertHeld(held: HeldLease | undefined): void {
  if (held === undefined || held.isHeld()) return;
  throw new PassStopped('LeaseLost', 'the lease was lost');
}

/** Tells an error that came of the pass being stopped from one of the work itself. */
export function stoppedBy(error: unknown, assertMayWrite: () => void): PassStopped | undefined {
  return error instanceof PassStopped ? error : whyStopped(assertMayWrite);
}

/** Why nothing may be done any more; undefined where it may. */
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
 * What a failure is called in a report or a log. Of an error that nobody foresaw only the kind: its message
 * could quote what was read.
 */
export function describeError(error: unknown): string {
  if (error instanceof WaveCronError) return sentence(error.message);
  return `unexpected ${error instanceof Error ? error.name : typeof error}: this is a bug in wave-cron, please report it`;
}
