import type { StatusReport } from '../../handler/status/status.ts';
import { type ExitStatus, exitStatus, expectedError, UsageError } from '../../lib/errors.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import { readPauseMs } from '../../lib/status/read-pause.ts';
import type { StatusView } from '../output/status-view.ts';

export interface StatusWatch {
  readonly read: () => Promise<StatusReport>;
  /**
   * Opens the view. It is called after the first read, so that an error of the first read is shown
   * as usual.
   */
  readonly open: () => StatusView;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Shows the status again and again until the signal is aborted, which is the normal end.
 *
 * @throws the error of the first read, and every unexpected error
 */
export async function watchStatus(watch: StatusWatch): Promise<ExitStatus> {
  const { read, open, intervalMs, clock, signal } = watch;
  const began = clock.now();
  const first = await read();
  if (signal.aborted) return exitStatus.done;
  const view = open();
  view.show(first);
  let tookMs = clock.now() - began;
  try {
    for (;;) {
      await clock.sleep(readPauseMs(tookMs, intervalMs), signal);
      tookMs = await showAgain(watch, view);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return exitStatus.done;
  } finally {
    view.end();
  }
}

/**
 * If an expected error ends a read, a later read may succeed.
 *
 * @returns the time that the read took, in milliseconds
 * @throws the reason of the signal; every error that would occur again in each later read
 */
async function showAgain({ read, clock, signal }: StatusWatch, view: StatusView): Promise<number> {
  const began = clock.now();
  try {
    const report = await read();
    signal.throwIfAborted();
    view.show(report);
  } catch (error) {
    const expected = expectedError(error, signal);
    if (expected instanceof UsageError) throw expected;
    view.fail(expected.message);
  }
  return clock.now() - began;
}
