import { describeError, WaveCronError } from '../../lib/errors.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { CommandContext } from '../command-context.ts';
import type { ReportSink } from './report-sink.ts';

/**
 * Pushes the metrics at the end of a pass. It never throws, because a failed push does not change
 * the result of the pass.
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
        // The Lease distinguishes installations and shards. The name of a Pod is not suitable: each
        // Pod of a CronJob would leave a group on the gateway permanently.
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
