import { sentence } from './text/printable.ts';

/**
 * What a person can meet. Every error says what is wrong, where, with which value, and what to do,
 * in one line; it never carries the value of a source.
 */

/** Exit status of the process. An interface: see docs/commands.md. */
export const exitStatus = {
  done: 0,
  incomplete: 1,
  usage: 2,
  unreachable: 3,
  wouldChange: 4,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

export class WaveCronError extends Error {
  override readonly name: string = 'WaveCronError';
  /** Status that the process ends with where this error ends it. */
  readonly exit: ExitStatus;
  /** Whether the same attempt may succeed a moment later. */
  readonly canRetry: boolean;

  constructor(
    message: string,
    options: { exit?: ExitStatus; canRetry?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exit = options.exit ?? exitStatus.incomplete;
    this.canRetry = options.canRetry ?? false;
  }
}

/** The caller's mistake: flags, environment, settings file. Ends the process with status 2. */
export class UsageError extends WaveCronError {
  override readonly name = 'UsageError';
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { ...options, exit: exitStatus.usage });
  }
}

/** The cluster could not be reached, or refused us as a whole. Ends the process with status 3. */
export class UnreachableError extends WaveCronError {
  override readonly name = 'UnreachableError';
  constructor(message: string, options: { canRetry?: boolean; cause?: unknown } = {}) {
    super(message, { ...options, exit: exitStatus.unreachable });
  }
}

/**
 * The error that was caught, if it is one that can be expected: it has an answer in words.
 *
 * @param signal what ends the work; absent: the error says what became of a write, and counts all the same
 * @throws the reason of the signal if that is aborted, else any error that nobody foresaw
 */
export function expectedError(error: unknown, signal?: AbortSignal): WaveCronError {
  signal?.throwIfAborted();
  if (error instanceof WaveCronError) return error;
  throw error;
}

/**
 * What a failure is called in a report or a log. Of an error that nobody foresaw only the kind: its message
 * could quote what was read.
 */
export function describeError(error: unknown): string {
  if (error instanceof WaveCronError) return sentence(error.message);
  return `unexpected ${error instanceof Error ? error.name : typeof error}: this is a fault in wave-cron, please report it`;
}
