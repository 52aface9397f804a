import type { PassReason } from '../lib/reason.ts';

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
