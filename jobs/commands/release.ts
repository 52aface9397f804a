import {
  type ReleaseObserver,
  type ReleaseRequest,
  release as releaseFrom,
} from '../../handler/release/release.ts';
import { isReleased, type ReleaseReport } from '../../handler/release/report.ts';
import { type ExitStatus, exitStatus, UsageError } from '../../lib/errors.ts';
import { leaseClaims, leaseDurationBounds } from '../../lib/lease/timing.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import type { LoadedSettings } from '../../lib/settings/load.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { quote } from '../../lib/text/quote.ts';
import { askedWorkload } from '../cli/asked-workload.ts';
import type { Ask } from '../cli/question.ts';
import { parseNamespaceOption } from '../cli/workload-argument.ts';
import { leaseLog, plural } from '../output/pass-log.ts';
import { progress } from '../output/progress.ts';
import { inCounts, releaseJson, releaseTable, rollsInWords } from '../output/release-text.ts';
import type { Wiring } from '../wiring.ts';

export interface ReleaseOptions {
  /** `KIND/NAME`; undefined: everything. */
  readonly workload: string | undefined;
  readonly namespace: string | undefined;
  /** Also the annotations of the templates, which rolls each workload once. */
  readonly annotations: boolean;
  readonly dryRun: boolean;
  /** Without being asked. */
  readonly yes: boolean;
  readonly output: 'table' | 'json';
  /** For how many seconds the lease is left held after it, as it was typed. */
  readonly keepLease: string | undefined;
}

/**
 * Takes off the cluster what wave-cron has written, and prints what was taken.
 *
 * @param ask undefined where nobody can be asked
 */
export async function release(
  loaded: LoadedSettings,
  wiring: Wiring,
  log: Log,
  options: ReleaseOptions,
  ask: Ask | undefined,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { dryRun, yes, output } = options;
  const scope = scopeOf(options, loaded, wiring);
  const keepLeaseSeconds = secondsOf(options.keepLease, loaded.settings);
  if (!dryRun && !yes && ask === undefined) {
    throw new UsageError(
      'release changes the cluster, and there is no terminal to ask on: add --yes, or --dry-run to see what it would do',
    );
  }
  const { cluster, clock } = wiring.deps;
  const lease = wiring.wholeLease;
  const run = (write: boolean): Promise<ReleaseReport> => {
    const observer = releaseLog(log, clock);
    return releaseFrom(
      { ...scope, write, keepLeaseSeconds },
      { cluster, clock, lease, observer, signal },
    );
  };
  const end = (report: ReleaseReport): ExitStatus => {
    logProblems(log, report);
    print(output === 'json' ? releaseJson(report, dryRun) : releaseTable(report, dryRun));
    return isReleased(report) ? exitStatus.done : exitStatus.incomplete;
  };

  if (dryRun) return end(await run(false));
  if (!yes && ask !== undefined) {
    const found = await run(false);
    const nothing = found.workloads.length + found.sources.length === 0;
    if (nothing || found.release !== 'Completed') return end(found);
    if (!(await ask(question(found), signal))) {
      log.info('nothing was taken off');
      return exitStatus.incomplete;
    }
  }
  const report = await run(true);
  const status = end(report);
  if (report.workloads.length > 0) {
    log.info(keepLeaseSeconds === undefined ? addedAgain : addedAgainAfter(keepLeaseSeconds));
  }
  return status;
}

const addedAgain =
  'a CronJob or Deployment of wave-cron that still runs marks again what is opted in: delete it, then run this again';

const addedAgainAfter = (seconds: number): string =>
  `passes are kept out for ${seconds} s; a CronJob or Deployment of wave-cron that is not deleted by then marks again what is opted in`;

/** A pass heeds what the Lease claims for half of its time-out: a longer time would promise what is not kept. */
function secondsOf(text: string | undefined, settings: Settings): number | undefined {
  if (text === undefined) return undefined;
  const { least } = leaseDurationBounds;
  const most = Math.min(leaseDurationBounds.most, leaseClaims(settings).maxHonoredSeconds);
  const seconds = /^[0-9]{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= least && seconds <= most) return seconds;
  throw new UsageError(
    `--keep-lease is ${quote(text)}: give a whole number of seconds from ${least} to ${most}; passes wait no longer than half of passTimeoutSeconds (${settings.passTimeoutSeconds})`,
  );
}

function scopeOf(
  { workload, namespace, annotations }: ReleaseOptions,
  { settings, origins }: LoadedSettings,
  { connection }: Wiring,
): Omit<ReleaseRequest, 'write'> {
  if (workload === undefined) {
    const narrowed =
      namespace === undefined
        ? settings
        : { ...settings, namespaces: [parseNamespaceOption(namespace)], namespaceSelector: '' };
    return { settings: narrowed, only: undefined, annotations };
  }
  const only = askedWorkload(workload, namespace, connection);
  if (origins.get('namespaces')?.kind === 'flag') {
    throw new UsageError(`${workload} is in one namespace: name it by -n instead of --namespaces`);
  }
  return { settings, only, annotations };
}

function question(found: ReleaseReport): string {
  const rolls = found.workloads.some((each) => each.rolls)
    ? `${rollsInWords(found)}, since the annotations of the template go. `
    : '';
  return `This releases ${inCounts(found)}. ${rolls}Delete a CronJob or Deployment of wave-cron first, since it would mark them again; --dry-run lists them.\nTake the marks off? [y/N] `;
}

function releaseLog(log: Log, clock: Clock): ReleaseObserver {
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
        `it goes on without a Lease, since the namespace of the Lease is being deleted or does not exist: ${why}; if wave-cron keeps its Lease elsewhere, its passes are not kept out; --lease-namespace and --lease-name say where`,
      );
    },
    lease(event) {
      lease(event);
      if (event.kind !== 'acquired' || !event.created) return;
      log.warn(
        { lease: event.lease },
        `${event.lease} did not exist: if wave-cron keeps its Lease elsewhere, its passes were not kept out; --lease-namespace and --lease-name say where`,
      );
    },
  };
}

function logProblems(log: Log, report: ReleaseReport): void {
  const { release: how, sentence, listProblems, notSearched, unreached } = report;
  for (const { what, why } of listProblems) {
    log.error({ what, why }, `${what} could not be listed: ${why}`);
  }
  const [first, ...more] = notSearched;
  if (first !== undefined) {
    const rest = more.length > 0 ? ` (and ${plural(more.length, 'more list')})` : '';
    log.warn(
      { notSearched },
      `marks that no workload records could not be looked for; grant list on configmaps and secrets to find them: ${first.what}: ${first.why}${rest}`,
    );
  }
  if (how === 'LeaseHeld') {
    log.error({ release: how }, `nothing was released: ${sentence}; run this again later`);
  } else if (how !== 'Completed') {
    log.error(
      { release: how, unreached },
      `it is not done: ${sentence}; ${plural(unreached, 'object')} not reached; run this again`,
    );
  }
}
