import type { StatusReport } from '../../handler/status/status.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { logKindsNotServed, plural } from './pass-log.ts';

/** Whether the report contains all workloads. */
export function isComplete({ listProblems, incomplete }: StatusReport): boolean {
  return listProblems.length === 0 && incomplete === null;
}

/**
 * Logs why workloads are missing in the report, or why their states were found without the hash
 * key.
 */
export function logProblems(report: StatusReport, log: Pick<Log, 'error' | 'warn'>): void {
  const { listProblems, incomplete, unreached, hashKeyProblem } = report;
  for (const { what, why } of listProblems) {
    log.error({ what, why }, `${what} could not be listed: ${why}`);
  }
  logKindsNotServed(log, report.kindsNotServed);
  if (incomplete !== null) {
    const missing = `${plural(unreached, 'workload')} not reached`;
    log.error({ unreached }, `the status is incomplete: ${incomplete}; ${missing}`);
  }
  if (hashKeyProblem !== null) log.warn(`hashes were not compared: ${hashKeyProblem}`);
}
