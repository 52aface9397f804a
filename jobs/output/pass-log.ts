import type { PassObserver } from '../../handler/pass/pass.ts';
import { type LeaseEvent, type LeaseListener, leaseSentence } from '../../lib/lease/event.ts';
import { reasons } from '../../lib/rules/reason.ts';
import {
  isChange,
  isComplete,
  isHeld,
  notServedSentence,
  oldestHold,
  type Report,
} from '../../lib/rules/report.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { progress } from './progress.ts';

export interface PassLog extends PassObserver {
  /** Must be called when the pass has ended. It stops the logging of progress. */
  ended(): void;
}

/**
 * Logs a line for each workload that changed, could not be handled or is held back from now on, and for each
 * lease event. Usual events have the level debug, important ones a higher level. A long pass logs its progress
 * every few seconds.
 *
 * @param standby whether it is usual that another process holds the lease
 */
export function passLog(log: Log, clock: Clock, { standby = false } = {}): PassLog {
  let listed = 0;
  let handledOne: (() => void) | undefined;
  const counting = () =>
    progress(log, clock, (handled) => ({
      fields: { handled, listed },
      text: `${handled} of ${plural(listed, 'workload')} handled`,
    }));
  return {
    listed(workloads) {
      handledOne ??= counting();
      listed = workloads;
    },
    ended() {
      handledOne = undefined;
      listed = 0;
    },
    lease: leaseLog(log, { standby }),
    outcome(outcome, { holdIsNew = false }) {
      handledOne ??= counting();
      handledOne();
      const { sentence, written: _, ...fields } = outcome;
      const { isWarning, incomplete } = reasons[outcome.reason];
      if (incomplete) log.error(fields, sentence);
      else if (isWarning) log.warn(fields, sentence);
      else if (isChange(outcome) || outcome.blockers !== undefined || holdIsNew) {
        log.info(fields, sentence);
      } else log.debug(fields, sentence);
    },
  };
}

/** Logs a line for each lease event. */
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

/** The summary of the pass contains these events too. */
const standbyLevels = { ...leaseLevels, watching: 'debug', heldByOther: 'debug' } as const;

/**
 * Logs what concerns the whole pass: failed lists, lost Events, and the summary.
 *
 * @param meantToStop whether an interrupted pass is not an error
 * @param heldIsUsual whether another process may hold the Lease all the time
 * @param isPartial whether the pass handled only some workloads
 */
export function logReport(
  log: Log,
  report: Report,
  { meantToStop = false, isPartial = false, heldIsUsual = false } = {},
): void {
  for (const { what, why } of report.listProblems) {
    log.error({ what, why }, `${what} could not be listed: ${why}`);
  }
  logKindsNotServed(log, report.kindsNotServed);
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
    ...(isPartial ? { partial: true } : {}),
    workloads: outcomes.length,
    written: outcomes.filter(({ written }) => written).length,
    counts,
    unreached,
    requests,
    bytesRead,
    durationMs,
  };
  const asMeant = isComplete(report) || (meantToStop && report.pass === 'Interrupted');
  const usual = heldIsUsual && pass === 'LeaseHeld' ? 'debug' : 'info';
  log[asMeant ? usual : 'error'](fields, `${isPartial ? 'partial ' : ''}${summary(report)}`);
}

export function logKindsNotServed(
  log: Pick<Log, 'warn'>,
  kinds: Report['kindsNotServed'] = [],
): void {
  for (const each of kinds) log.warn({ ...each }, notServedSentence(each));
}

/** The summary of a pass as one sentence. */
export function summary(report: Report): string {
  const { pass, sentence, outcomes, unreached, requests, bytesRead, durationMs } = report;
  const stuck = outcomes.filter(({ blockers }) => blockers !== undefined).length;
  const parts = [
    plural(outcomes.length, 'workload'),
    ...Object.entries(report.counts).map(([reason, count]) => `${count} ${reason}`),
    ...(stuck > 0 ? [`${stuck} with blocked Pods`] : []),
    ...heldParts(outcomes),
    ...(unreached > 0 ? [`${unreached} not reached`] : []),
  ];
  return `pass ${pass}${sentence === undefined ? '' : ` (${sentence})`}: ${parts.join(', ')}; ${plural(requests, 'request')}, ${kilobytes(bytesRead)} read, ${(durationMs / 1000).toFixed(1)} s`;
}

/** How many workloads wait with a changed configuration; nothing if none does. */
function heldParts(outcomes: Report['outcomes']): string[] {
  const held = outcomes.filter(isHeld).length;
  const since = oldestHold(outcomes);
  if (held === 0) return [];
  return [`${held} held back${since === undefined ? '' : ` (the oldest since ${since})`}`];
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
}
