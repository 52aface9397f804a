import { sentence } from './text/printable.ts';

/**
 * Errors that users see. Each message is one line: it says what is wrong, where, with which value,
 * and what to do. A message never contains the value of a source.
 */

/** Exit statuses of the process. They are an interface: see docs/commands.md. */
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
  /** The exit status of the process if this error ends the process. */
  readonly exit: ExitStatus;
  /** Whether the same attempt may succeed later. */
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

/**
 * A mistake of the caller in flags, environment or settings file. Ends the process with status 2.
 */
export class UsageError extends WaveCronError {
  override readonly name = 'UsageError';
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { ...options, exit: exitStatus.usage });
  }
}

/** The cluster could not be reached or denied all access. Ends the process with status 3. */
export class UnreachableError extends WaveCronError {
  override readonly name = 'UnreachableError';
  constructor(message: string, options: { canRetry?: boolean; cause?: unknown } = {}) {
    super(message, { ...options, exit: exitStatus.unreachable });
  }
}

/**
 * Returns a caught error if it is expected, so that its message can be shown.
 *
 * @param signal ends the work. Absent if the error is the result of a write, because such an error
 * matters even after an abort
 * @throws the reason of the signal if it is aborted; any unexpected error
 */
export function expectedError(error: unknown, signal?: AbortSignal): WaveCronError {
  signal?.throwIfAborted();
  if (error instanceof WaveCronError) return error;
  throw error;
}

/**
 * Describes a failure for a report or a log. For an unexpected error, the result is only its type,
 * because its message could quote the content of an object.
 */
export function describeError(error: unknown): string {
  if (error instanceof WaveCronError) return sentence(error.message);
  return `unexpected ${error instanceof Error ? error.name : typeof error}: this is a bug in wave-cron, please report it`;
}
