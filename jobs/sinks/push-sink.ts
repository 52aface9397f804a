import { describeError, WaveCronError } from '../../lib/errors.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { CommandContext } from '../command-context.ts';
import type { ReportSink } from './report-sink.ts';

/**
 * Pushes the metrics at the end of a pass. Never fails: what became of the pass does not depend on
 * who hears of it.
 */
export function pushSink(
  { wiring, log, signal }: CommandContext,
  metrics: Metrics,
  url: string,
): ReportSink {
  const { namespace, name } = wiring.passLeaseName;
  return {
    async flush() {
      try {
        // The Lease is what tells one installation, and one shard, from another; the Pods of a CronJob come
        // and go, and each would leave its own group behind for ever.
        await metrics.push(url, { namespace, lease: name }, signal);
      } catch (error) {
        const text = describeError(error);
        log.warn(
          error instanceof WaveCronError ? text : `the metrics could not be pushed: ${text}`,
        );
      }
    },
  };
}
