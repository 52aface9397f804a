import { describeError, WaveCronError } from '../../lib/errors.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Wiring } from '../wiring.ts';

/**
 * Pushes the metrics at the end of a pass. Never fails: what became of the pass does not depend on
 * who hears of it.
 */
export async function push(
  metrics: Metrics,
  url: string,
  { namespace, name }: Wiring['passLeaseName'],
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  try {
    // The Lease is what tells one installation, and one shard, from another; the Pods of a CronJob come and go,
    // and each would leave its own group behind for ever.
    await metrics.push(url, { namespace, lease: name }, signal);
  } catch (error) {
    const text = describeError(error);
    log.warn(error instanceof WaveCronError ? text : `the metrics could not be pushed: ${text}`);
  }
}
