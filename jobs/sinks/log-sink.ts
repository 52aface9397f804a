import { describeError } from '../../lib/errors.ts';
import type { CommandContext } from '../command-context.ts';
import { logReport, passLog } from '../output/pass-log.ts';
import type { ReportSink } from './report-sink.ts';

/**
 * The log of passes.
 *
 * @param isScheduled whether more passes follow and other processes may hold the Lease. If not, an
 * error ends the command, and the command logs the error.
 */
export function logSink(
  { settings, wiring, log, signal }: CommandContext,
  { isScheduled }: { readonly isScheduled: boolean },
): ReportSink {
  const { ended, ...observer } = passLog(log, wiring.deps.clock, { standby: isScheduled });
  return {
    ...observer,
    passEnded: (report) => {
      ended();
      // With watches, a replica without the Lease tries to get it every few seconds.
      const isUsual = isScheduled && settings.triggers.watch.length > 0;
      logReport(log, report, { meantToStop: isScheduled && signal.aborted, heldIsUsual: isUsual });
    },
    partialPassEnded: (report) => {
      ended();
      logReport(log, report, { meantToStop: signal.aborted, isPartial: true, heldIsUsual: true });
    },
    passFailed: (error) => {
      ended();
      if (!isScheduled) return;
      const text = describeError(error);
      log.error({ pass: 'Failed' }, `the pass failed; the next tick tries again: ${text}`);
    },
  };
}
