import type { ReleaseObserver } from '../../handler/release/release.ts';
import type { ReleaseReport } from '../../handler/release/report.ts';
import { sourceResources } from '../../lib/kubernetes/kinds.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { leaseLog, logKindsNotServed, plural } from './pass-log.ts';
import { progress } from './progress.ts';

/** Logs the progress of a release, and warnings about its Lease. */
export function releaseLog(log: Log, clock: Clock): ReleaseObserver {
  let found = 0;
  const handled = progress(log, clock, (number) => ({
    fields: { handled: number, found },
    text: `${number} of ${plural(found, 'object')} released`,
  }));
  const lease = leaseLog(log);
  return {
    found(number) {
      found = number;
    },
    handled,
    withoutLease(why) {
      log.warn(
        { why },
        `continuing without a Lease, because the namespace of the Lease is terminating or does not exist: ${why}; if the Lease of wave-cron is elsewhere, its passes can run at the same time; set --lease-namespace and --lease-name`,
      );
    },
    lease(event) {
      lease(event);
      if (event.kind !== 'acquired' || !event.created) return;
      log.warn(
        { lease: event.lease },
        `${event.lease} did not exist: if the Lease of wave-cron is elsewhere, its passes could run at the same time; set --lease-namespace and --lease-name`,
      );
    },
  };
}

/** Logs what a release could not remove or search. */
export function logReleaseProblems(log: Log, report: ReleaseReport): void {
  const { release: how, sentence, listProblems, notSearched, unreached } = report;
  for (const { what, why } of listProblems) {
    log.error({ what, why }, `${what} could not be listed: ${why}`);
  }
  logKindsNotServed(log, report.kindsNotServed);
  const [first, ...more] = notSearched;
  if (first !== undefined) {
    const rest = more.length > 0 ? ` (and ${plural(more.length, 'more list')})` : '';
    log.warn(
      { notSearched },
      `could not search for owner references that no workload records; grant list on ${sourceResources} to find them: ${first.what}: ${first.why}${rest}`,
    );
  }
  if (how === 'LeaseHeld') {
    log.error({ release: how }, `nothing was released: ${sentence}; run this again later`);
  } else if (how !== 'Completed') {
    log.error(
      { release: how, unreached },
      `release is incomplete: ${sentence}; ${plural(unreached, 'object')} not reached; run this again`,
    );
  }
}
