import { describeError } from '../../handler/interruption.ts';
import { WaveCronError } from '../../lib/errors.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Wiring } from '../wiring.ts';

/**
 * Pushes the metrics at the end of a pass. It never throws, because a failed push does not change
 * the result of the pass.
 */
export async function push(
  metrics: Metrics,
  url: string,
  { namespace, name }: Wiring['passLeaseName'],
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  try {
    // The Lease distinguishes installations and shards. The name of a Pod would not do: each Pod of
    // a CronJob would leave a group behind forever.
    await metrics.push(url, { namespace, lease: name }, signal);
  } catch (error) {
    const text = describeError(error);
    log.warn(error instanceof WaveCronError ? text : `the metrics could not be pushed: ${text}`);
  }
}
