import type { PassObserver } from '../../handler/pass/pass.ts';
import { type LeaseEvent, type LeaseListener, leaseSentence } from '../../lib/lease/event.ts';
import { reasons } from '../../lib/rules/reason.ts';
import { isChange, isComplete, type Report } from '../../lib/rules/report.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { progress } from './progress.ts';

/**
 * Logs one line for each workload that changed or could not be handled, and one for each thing
 * that happens to the lease: what is usual at level debug, what somebody may have to know above.
 * A pass that takes long says every few seconds how far it is.
 *
 * @param standby that another process holds the lease is what is usual
 */
export function passLog(log: Log, clock: Clock, { standby = false } = {}): PassObserver {
  let listed = 0;
  const handledOne = progress(log, clock, (handled) => ({
    fields: { handled, listed },
    text: `${handled} of ${plural(listed, 'workload')} handled`,
  }));
  return {
    listed(workloads) {
      listed = workloads;
    },
    lease: leaseLog(log, { standby }),
    outcome(outcome) {
      handledOne();
      const { sentence, written: _, ...fields } = outcome;
      const { isWarning, incomplete } = reasons[outcome.reason];
      if (incomplete) log.error(fields, sentence);
      else if (isWarning) log.warn(fields, sentence);
      else if (isChange(outcome) || outcome.blockers !== undefined) log.info(fields, sentence);
      else log.debug(fields, sentence);
    },
  };
}

/** Logs one line for each thing that happens to the lease. */
export function leaseLog(log: Log, { standby = false } = {}): LeaseListener {
  const levels = standby ? standbyLevels : leaseLevels;
  return (event) => {
    const { lease, kind } = event;
    log[levels[kind]]({ lease, leaseEvent: kind }, leaseSentence(event));
  };
}

const leaseLevels = {
  acquired: 'debug',
  released: 'debug',
  leftToGroup: 'debug',
  leftHeld: 'info',
  watching: 'info',
  heldByOther: 'info',
  tookOver: 'warn',
  renewalFailed: 'warn',
  renewedLate: 'warn',
  releaseFailed: 'warn',
  notReleased: 'warn',
  lost: 'error',
} as const satisfies Record<LeaseEvent['kind'], string>;

/** The summary of the pass says it too. */
const standbyLevels = { ...leaseLevels, watching: 'debug', heldByOther: 'debug' } as const;

/**
 * Logs what concerns the pass as a whole: what it could not list or tell, and its summary.
 *
 * @param meantToStop that the pass was cut short is no failure
 */
export function logReport(log: Log, report: Report, { meantToStop = false } = {}): void {
  for (const { what, why } of report.listProblems) {
    log.error({ what, why }, `${what} could not be listed: ${why}`);
  }
  if (report.eventsLost > 0) {
    const { eventsLost, eventProblem } = report;
    log.warn(
      { eventsLost, eventProblem },
      `${plural(eventsLost, 'event')} could not be written: ${eventProblem}`,
    );
  }
  const { hashKeyProblem } = report;
  if (hashKeyProblem !== undefined) log.warn({ hashKeyProblem }, hashKeyProblem);
  const { pass, counts, unreached, requests, bytesRead, durationMs, outcomes } = report;
  const fields = {
    pass,
    workloads: outcomes.length,
    written: outcomes.filter(({ written }) => written).length,
    counts,
    unreached,
    requests,
    bytesRead,
    durationMs,
  };
  const asMeant = isComplete(report) || (meantToStop && report.pass === 'Interrupted');
  log[asMeant ? 'info' : 'error'](fields, summary(report));
}

/** The pass in one sentence. */
export function summary(report: Report): string {
  const { pass, sentence, outcomes, unreached, requests, bytesRead, durationMs } = report;
  const stuck = outcomes.filter(({ blockers }) => blockers !== undefined).length;
  const parts = [
    plural(outcomes.length, 'workload'),
    ...Object.entries(report.counts).map(([reason, count]) => `${count} ${reason}`),
    ...(stuck > 0 ? [`${stuck} with blocked Pods`] : []),
    ...(unreached > 0 ? [`${unreached} not reached`] : []),
  ];
  return `pass ${pass}${sentence === undefined ? '' : ` (${sentence})`}: ${parts.join(', ')}; ${plural(requests, 'request')}, ${kilobytes(bytesRead)} read, ${(durationMs / 1000).toFixed(1)} s`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
}
