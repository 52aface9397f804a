import { type ReleaseRequest, release as releaseFrom } from '../../handler/release/release.ts';
import { isReleased, type ReleaseReport } from '../../handler/release/report.ts';
import { type ExitStatus, exitStatus, UsageError } from '../../lib/errors.ts';
import { anyForm } from '../../lib/installation/installation.ts';
import { leaseClaims, leaseDurationBounds } from '../../lib/lease/timing.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { quote } from '../../lib/text/quote.ts';
import { askedWorkload } from '../cli/asked-workload.ts';
import { parseNamespaceOption } from '../cli/workload-argument.ts';
import type { CommandContext } from '../command-context.ts';
import { logReleaseProblems, releaseLog } from '../output/release-log.ts';
import { inCounts, releaseJson, releaseTable, restartsInWords } from '../output/release-text.ts';

export interface ReleaseOptions {
  /** `KIND/NAME`; undefined: all workloads. */
  readonly workload: string | undefined;
  readonly namespace: string | undefined;
  /** Whether to remove the annotations of the templates too, which restarts each workload once. */
  readonly annotations: boolean;
  readonly dryRun: boolean;
  /** Whether to release without a question. */
  readonly yes: boolean;
  readonly output: 'table' | 'json';
  /** The seconds to keep the lease held afterwards, as typed by the user. */
  readonly keepLease: string | undefined;
}

/** Removes everything that wave-cron wrote from the cluster, and prints what it removed. */
export async function release(
  context: CommandContext,
  options: ReleaseOptions,
): Promise<ExitStatus> {
  const { settings, log, ask, signal } = context;
  const { dryRun, yes } = options;
  const scope = scopeOf(options, context);
  const keepLeaseSeconds = secondsOf(options.keepLease, settings);
  if (!dryRun && !yes && ask === undefined) {
    throw new UsageError(
      'release changes the cluster, and there is no terminal to ask for confirmation: add --yes, or --dry-run to see what it would do',
    );
  }
  const run = (write: boolean) => runRelease({ ...scope, write, keepLeaseSeconds }, context);
  if (dryRun) return end(await run(false), options, context);
  if (!yes && ask !== undefined) {
    const found = await run(false);
    const nothing = found.workloads.length + found.sources.length === 0;
    if (nothing || found.release !== 'Completed') return end(found, options, context);
    if (!(await ask(question(found), signal))) {
      log.info('nothing was removed');
      return exitStatus.incomplete;
    }
  }
  const report = await run(true);
  const status = end(report, options, context);
  if (report.workloads.length > 0) {
    log.info(keepLeaseSeconds === undefined ? addedAgain : addedAgainAfter(keepLeaseSeconds));
  }
  return status;
}

async function runRelease(
  request: ReleaseRequest,
  { wiring, log, signal }: CommandContext,
): Promise<ReleaseReport> {
  const { cluster, clock } = wiring.deps;
  const observer = releaseLog(log, clock);
  return await releaseFrom(request, {
    ...{ cluster, clock, observer, signal },
    lease: wiring.wholeLease,
  });
}

function end(
  report: ReleaseReport,
  { output, dryRun }: ReleaseOptions,
  { log, print }: CommandContext,
): ExitStatus {
  logReleaseProblems(log, report);
  print(output === 'json' ? releaseJson(report, dryRun) : releaseTable(report, dryRun));
  return isReleased(report) ? exitStatus.done : exitStatus.incomplete;
}

const addedAgain = `a ${anyForm} of wave-cron that still runs will add owner references again: delete it, then run this again`;

const addedAgainAfter = (seconds: number): string =>
  `no pass runs for ${seconds} s; a ${anyForm} of wave-cron that still exists then will add owner references again`;

/**
 * A pass honors the duration of another holder only for half of its time-out, so a longer time
 * could not be guaranteed.
 */
function secondsOf(text: string | undefined, settings: Settings): number | undefined {
  if (text === undefined) return undefined;
  const { least } = leaseDurationBounds;
  const most = Math.min(leaseDurationBounds.most, leaseClaims(settings).maxHonoredSeconds);
  const seconds = /^[0-9]{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= least && seconds <= most) return seconds;
  throw new UsageError(
    `--keep-lease is ${quote(text)}: must be a whole number of seconds from ${least} to ${most}; passes wait no longer than half of passTimeoutSeconds (${settings.passTimeoutSeconds})`,
  );
}

function scopeOf(
  { workload, namespace, annotations }: ReleaseOptions,
  { settings, origins, wiring }: CommandContext,
): Omit<ReleaseRequest, 'write'> {
  if (workload === undefined) {
    const narrowed =
      namespace === undefined
        ? settings
        : { ...settings, namespaces: [parseNamespaceOption(namespace)], namespaceSelector: '' };
    return { settings: narrowed, only: undefined, annotations };
  }
  const only = askedWorkload(workload, namespace, wiring.connection, settings.kinds);
  if (origins.get('namespaces')?.kind === 'flag') {
    throw new UsageError(`${workload} is in one namespace: use -n instead of --namespaces`);
  }
  return { settings, only, annotations };
}

function question(found: ReleaseReport): string {
  const restarts = found.workloads.some((each) => each.restarts)
    ? `${restartsInWords(found)}, because the annotations of their templates are removed. `
    : '';
  return `This releases ${inCounts(found)}. ${restarts}Delete the ${anyForm} of wave-cron first, or it will add owner references again; --dry-run lists everything.\nRemove owner references? [y/N] `;
}
