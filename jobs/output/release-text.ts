import type { ReleasedWorkload, ReleaseReport } from '../../handler/release/report.ts';
import { shortList } from '../../lib/text/short-list.ts';
import { jsonText } from './json-text.ts';
import { plural } from './pass-log.ts';
import { table } from './table.ts';

/** The report as JSON; an interface for programs. */
export function releaseJson(report: ReleaseReport, dryRun: boolean): string {
  const { release, workloads, sources, listProblems, kindsNotServed, notSearched, unreached } =
    report;
  return jsonText({
    release,
    dryRun,
    workloads,
    sources,
    listProblems,
    kindsNotServed: kindsNotServed.length === 0 ? undefined : kindsNotServed,
    notSearched,
    unreached,
  });
}

export function releaseTable(report: ReleaseReport, dryRun: boolean): string {
  const { workloads, sources, unreached } = report;
  const result = (problems: readonly string[]): string =>
    problems.length > 0 ? 'FAILED' : dryRun ? 'to do' : 'done';
  const rows = [
    ...workloads.map((each) => ({ ...each, what: workloadInWords(each) })),
    ...sources.map((each) => ({ ...each, what: sourceInWords(each.owners, each.problems) })),
  ].map(({ namespace, kind, name, problems, what }) => [
    namespace,
    kind,
    name,
    result(problems),
    [what, ...problems].filter((text) => text !== '').join('; '),
  ]);
  if (rows.length === 0) {
    return report.release === 'Completed'
      ? 'Nothing was found to release.'
      : 'Nothing was released.';
  }
  const failed = [...workloads, ...sources].filter(({ problems }) => problems.length > 0).length;
  const parts = [
    `${dryRun ? 'Would release' : 'Released'} ${inCounts(report)}`,
    ...(workloads.some(({ restarts }) => restarts) ? [restartsInWords(report)] : []),
    ...(failed > 0 ? [`${failed} FAILED`] : []),
    ...(unreached > 0 ? [`${unreached} not reached`] : []),
  ];
  const header = ['NAMESPACE', 'KIND', 'NAME', 'RELEASE', 'WHAT'];
  return `${table([header, ...rows])}\n\n${parts.join('; ')}.`;
}

/** `3 workloads and the owner references on 5 sources`, without those with a problem. */
export function inCounts(report: ReleaseReport): string {
  const workloads = report.workloads.filter(({ problems }) => problems.length === 0);
  const sources = report.sources.filter(({ problems }) => problems.length === 0);
  const owned = new Set([
    ...workloads.flatMap((each) => each.sources.map((label) => `${each.namespace}/${label}`)),
    ...sources.map(({ namespace, kind, name }) => `${namespace}/${kind}/${name}`),
  ]);
  return `${plural(workloads.length, 'workload')} and the owner references on ${plural(owned.size, 'source')}`;
}

export function restartsInWords({ workloads }: ReleaseReport): string {
  const restarts = workloads.filter((each) => each.restarts).length;
  return restarts === 1 ? '1 workload restarts once' : `${restarts} workloads restart once`;
}

function workloadInWords({ sources, finalizer, annotations, restarts }: ReleasedWorkload): string {
  const off = [
    ...(finalizer === 'removed' ? ['its finalizer'] : []),
    ...(sources.length > 0 ? [`its owner references on ${shortList(sources)}`] : []),
    ...annotations,
  ];
  if (off.length === 0) return '';
  return `${off.join(', ')}${restarts ? '; it restarts once' : ''}`;
}

function sourceInWords(owners: readonly string[], problems: readonly string[]): string {
  if (problems.length > 0) return '';
  return owners.length > 0
    ? `owner references of ${shortList(owners)}, which no record names`
    : 'the owner reference to kube-system or to its own namespace, which no workload needs';
}
