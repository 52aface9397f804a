import { pass } from '../../handler/pass/pass.ts';
import { type ExitStatus, exitStatus } from '../../lib/errors.ts';
import { isComplete } from '../../lib/rules/report.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { counted } from '../output/counted.ts';
import { logReport, passLog } from '../output/pass-log.ts';
import { push } from '../serve/push.ts';
import type { Wiring } from '../wiring.ts';

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
  const { createMetrics } = await import('../../lib/telemetry/metrics.ts');
  const { clock, traffic } = wiring.deps;
  const metrics = createMetrics({ traffic, clock, process: false });
  try {
    return await onePass(settings, wiring, log, signal, metrics);
  } finally {
    await push(metrics, metricsPushUrl, wiring.passLeaseName, log, signal);
  }
}

async function onePass(
  settings: Settings,
  { deps }: Wiring,
  log: Log,
  signal: AbortSignal,
  metrics?: Metrics,
): Promise<ExitStatus> {
  const toLog = passLog(log, deps.clock);
  const observer = metrics === undefined ? toLog : counted(toLog, metrics);
  const began = deps.clock.now();
  try {
    const report = await pass({ settings, write: true }, { ...deps, observer, signal });
    logReport(log, report);
    metrics?.passEnded(report);
    return isComplete(report) ? exitStatus.done : exitStatus.incomplete;
  } catch (error) {
    metrics?.passFailed(deps.clock.now() - began);
    throw error;
  }
}
