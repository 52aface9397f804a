import { pass } from '../handler/pass.ts';
import { type ExitStatus, exitStatus, WaveCronError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { isComplete } from '../lib/report.ts';
import type { Settings } from '../lib/settings/schema.ts';
import { logReport, passLog } from './pass-log.ts';
import type { Wiring } from './wiring.ts';

/** One pass, then the end. */
export async function once(
  settings: Settings,
  wiring: Wiring,
  log: Log,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { metricsPushUrl } = settings;
  if (metricsPushUrl === undefined) return await onePass(settings, wiring, log, signal);

  // Only who pushes needs it, and a Pod's start should not wait for it.
  const { createMetrics } = await import('../lib/metrics.ts');
  const { clock, traffic } = wiring.means;
  const metrics = createMetrics({ traffic, clock, process: false });
  try {
    return await onePass(settings, wiring, log, signal, metrics);
  } finally {
    await push(metrics, metricsPushUrl, wiring, log, signal);
  }
}

async function onePass(
  settings: Settings,
  { means }: Wiring,
  log: Log,
  signal: AbortSignal,
  metrics?: Metrics,
): Promise<ExitStatus> {
  const toLog = passLog(log, means.clock);
  const observer: typeof toLog = {
    ...toLog,
    lease(event) {
      metrics?.leaseEvent(event);
      toLog.lease?.(event);
    },
  };
  const began = means.clock.now();
  try {
    const report = await pass({ settings, write: true }, { ...means, observer, signal });
    logReport(log, report);
    metrics?.passEnded(report);
    return isComplete(report) ? exitStatus.done : exitStatus.incomplete;
  } catch (error) {
    metrics?.passFailed(means.clock.now() - began);
    throw error;
  }
}

/** Never fails: what became of the pass does not depend on who hears of it. */
async function push(
  metrics: Metrics,
  url: string,
  { leaseName: { namespace, name } }: Wiring,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  try {
    // The Lease is what tells one installation from another; the Pods of a CronJob come and go,
    // and each would leave its own group behind for ever.
    await metrics.push(url, { namespace, lease: name }, signal);
  } catch (error) {
    const kind = error instanceof Error ? error.name : typeof error;
    const unforeseen = `the metrics could not be pushed: unexpected ${kind}, a fault in wave-cron`;
    log.warn(error instanceof WaveCronError ? error.message : unforeseen);
  }
}
