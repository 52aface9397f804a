import type { StatusReport } from '../../handler/status/status.ts';
import { workloadEntry } from '../../lib/kubernetes/kinds.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import { annotationKeysOf } from '../../lib/rules/annotations.ts';
import type { Urgency } from '../../lib/status/urgency.ts';
import type { WorkloadStatus } from '../../lib/status/workload-status.ts';
import { ageText } from '../../lib/text/age.ts';
import { fittedTable } from './fitted-table.ts';
import { plural } from './pass-log.ts';
import { table } from './table.ts';

export interface StatusView {
  /** Whether to show all columns and complete messages. */
  readonly isWide: boolean;
  /** The columns of the terminal; undefined or 0: not known. */
  readonly width: number | undefined;
  readonly annotationPrefix: string;
}

/** The states as a table, and below it a summary with the number of workloads. */
export function statusText(report: StatusReport, view: StatusView): string {
  const { workloads } = report;
  if (workloads.length === 0) return nothingToShow(report, view);
  return [statusTable(report, view), '', summary(workloads)].join('\n');
}

function statusTable({ workloads, namespace, readAt }: StatusReport, view: StatusView): string {
  const now = Date.parse(readAt);
  const columns = columnsOf(namespace === null, view.isWide);
  const cells = [
    columns.map(({ title }) => title),
    ...workloads.map((each) => columns.map(({ cell }) => cell(each, now))),
  ];
  if (!view.width || view.isWide) return table(cells);
  const shrinking = shrinkable.flatMap(({ title, least }) => {
    const column = columns.findIndex((each) => each.title === title);
    return column < 0 ? [] : [{ column, least }];
  });
  return fittedTable(cells, shrinking, view.width);
}

const shrinkable = [
  { title: 'MESSAGE', least: 0 },
  { title: 'CHANGED', least: 0 },
  { title: 'NAME', least: 12 },
  { title: 'NAMESPACE', least: 10 },
];

interface Column {
  readonly title: string;
  readonly cell: (status: WorkloadStatus, now: number) => string;
}

function columnsOf(hasNamespace: boolean, isWide: boolean): readonly Column[] {
  return [
    ...(hasNamespace
      ? [{ title: 'NAMESPACE', cell: (each: WorkloadStatus) => each.namespace }]
      : []),
    { title: 'KIND', cell: ({ kind }) => kind },
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'STATE', cell: ({ state, certain }) => (certain ? state : `${state}?`) },
    { title: 'FOR', cell: ({ since }, now) => ageSince(since, now) },
    {
      title: 'CHANGED',
      cell: ({ changed, changedLeftOut }) => changedText(changed, changedLeftOut),
    },
    { title: 'UNTIL', cell: ({ heldUntil }) => heldUntil ?? none },
    ...(isWide
      ? [
          {
            title: 'LAST ROLLOUT',
            cell: ({ lastRollout }: WorkloadStatus) => lastRollout ?? unknown,
          },
        ]
      : []),
    { title: 'MESSAGE', cell: (each) => (isWide || isWorthReading(each) ? each.sentence : '') },
  ];
}

/** The placeholders of kubectl. */
const none = '<none>';
const unknown = '<unknown>';

function ageSince(since: string | null, now: number): string {
  return since === null ? unknown : ageText(now - Date.parse(since));
}

function changedText(changed: readonly string[], leftOut: number): string {
  if (changed.length === 0) return none;
  const hidden = Math.max(changed.length - fewSources, 0) + leftOut;
  const names = changed.slice(0, fewSources).join(', ');
  return hidden === 0 ? names : `${names} and ${hidden} more`;
}

const fewSources = 3;

/**
 * Whether the message is shown. If there is nothing to do for a workload, its message contains no
 * other information, so it is not shown.
 */
function isWorthReading({ urgency }: WorkloadStatus): boolean {
  return urgency !== 'done' && urgency !== 'recent';
}

const parts: readonly (readonly [urgency: readonly Urgency[], one: string, more: string])[] = [
  [['person'], 'needs a person', 'need a person'],
  [['pods'], 'has outdated Pods', 'have outdated Pods'],
  [['unknown'], 'is not known', 'are not known'],
  [['held'], 'is held back', 'are held back'],
  [['next'], 'waits for the next pass', 'wait for the next pass'],
  [['moving'], 'is rolling out', 'are rolling out'],
  [['recent', 'done'], 'is up to date', 'are up to date'],
];

function summary(workloads: readonly WorkloadStatus[]): string {
  const counted = parts.flatMap(([urgencies, one, more]) => {
    const count = workloads.filter(({ urgency }) => urgencies.includes(urgency)).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : more}`];
  });
  const doubt = workloads.some(({ certain }) => !certain)
    ? ' A ? after a state: as far as your permissions show; a pass has its own.'
    : '';
  return `${plural(workloads.length, 'workload')}: ${counted.join(', ')}.${doubt}`;
}

function nothingToShow(
  { namespace, outOfScope }: StatusReport,
  { annotationPrefix }: StatusView,
): string {
  if (outOfScope !== null) return `Passes do not handle namespace ${namespace}: ${outOfScope}.`;
  const { updateOnConfigChange } = annotationKeysOf(annotationPrefix);
  const where = namespace === null ? '' : ` in namespace ${namespace}`;
  const more = namespace === null ? '' : '; --all-namespaces shows the other namespaces';
  return `No workload has opted in${where}: annotate one with ${updateOnConfigChange}: "true"${more}.`;
}

/** `deployment.apps/web`, as `kubectl get -o name`. */
export function statusNames({ workloads }: StatusReport): string {
  return workloads.map(resourceName).join('\n');
}

function resourceName({ kind, name }: WorkloadName): string {
  return `${kind.toLowerCase()}.${workloadEntry(kind).group}/${name}`;
}
