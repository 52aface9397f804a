/**
 * The objects of the cells. Each cell has a Deployment with its own ConfigMap and Secret, which the fault
 * affects. Each pass also has a StatefulSet, which the fault must not affect. All cells share one
 * namespace. Each pass has a label and a Lease of its own, which separate it from the others.
 */
import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import {
  configMap,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../../tools/control-plane/objects.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { optedIn, prefix } from '../../handler/run-pass.ts';
import { currentHash } from '../current-hash.ts';
import { type Cell, columnOf, rowOf } from './cells.ts';
import type { CellNames } from './columns.ts';

/**
 * One pass with its faults: the faults of one cell that cannot share a pass, or the faults of all
 * other cells in a column.
 */
export type Run = { id: string; cells: readonly StagedCell[]; other: string };
export type StagedCell = Cell & { names: CellNames };

const manyAtOnce = pLimit(24);

export const titleOf = ({ column, row, extent }: Cell): string =>
  `${columnOf(column).title}: ${rowOf(row).sentence}${extent === 'always' ? ', at every attempt' : ''}`;

const idOf = (text: string) => `c${createHash('sha256').update(text).digest('hex').slice(0, 10)}`;

/** Groups the cells that share a pass. */
export function runsOf(cells: readonly Cell[], namespace: string): Run[] {
  const groups = Map.groupBy(cells, (cell) => {
    const shared = columnOf(cell.column).perWorkload && rowOf(cell.row).breaksConnection !== true;
    return shared ? `${cell.column} ${cell.extent}` : `${cell.column} ${cell.extent} ${cell.row}`;
  });
  return [...groups].map(([key, group]) => {
    const id = idOf(key);
    return {
      id,
      other: `${id}-other`,
      cells: group.map((cell) => ({
        ...cell,
        names: { namespace, lease: id, web: `${id}-${idOf(titleOf(cell))}` },
      })),
    };
  });
}

const dataAt = (version: number) => ({ a: `version-${version}`, b: 'same' });

export const hashAt = (name: string, configMap: number, secret: number): string =>
  currentHash([
    { kind: 'ConfigMap', name, data: dataAt(configMap) },
    { kind: 'Secret', name, data: dataAt(secret) },
  ]);

/**
 * The versions of ConfigMap and Secret after the change. If the pass reads one of them stale, only that one
 * changes.
 */
export function versionsAfter({ column, row }: Pick<Cell, 'column' | 'row'>): [number, number] {
  const [configMap, secret] = (['configMap', 'secret'] as const).map(
    (other) => row !== 'stale' || column !== (other === 'secret' ? 'configMap' : 'secret'),
  );
  return [configMap ? 1 : 0, secret ? 1 : 0];
}

export const otherHashAt = (version: number, name: string): string =>
  currentHash([{ kind: 'ConfigMap', name, data: dataAt(version) }]);

function objectsOf({ id, cells, other }: Run, namespace: string): KubernetesObject[] {
  const labels = { cell: id };
  const webs = cells.flatMap(({ column, names: { web: name } }) => {
    const pod = using({ configMap: name }, { secret: name });
    const annotations = {
      ...optedIn,
      ...(column === 'pods' ? { [`${prefix}/adoption`]: 'if-changed' } : {}),
    };
    const seen = columnOf(column).adoptionFacts === true ? {} : { prepared: 'yes' };
    return [
      configMap({ namespace, name, data: dataAt(0) }),
      secret({ namespace, name, data: dataAt(0), planted: false }),
      deployment({ namespace, name, labels: { ...labels, ...seen }, annotations, pod }),
    ];
  });
  const pod = using({ configMap: other });
  const seen = { ...labels, prepared: 'yes' };
  return [
    ...webs,
    configMap({ namespace, name: other, data: dataAt(0) }),
    statefulSet({ namespace, name: other, labels: seen, annotations: optedIn, pod }),
    // This Deployment is the first page of the list, so the workload of the cell is on the second one.
    ...(cells.some(({ column }) => column === 'page')
      ? [deployment({ namespace, name: `${id}-a`, labels })]
      : []),
    // This Lease already exists, so a process takes it with a patch.
    ...(cells.some(({ column }) => /^lease(?!Create)/.test(column))
      ? [{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name: id } }]
      : []),
  ];
}

export async function createAll(runs: readonly Run[], namespace: string): Promise<void> {
  const { api } = testCluster();
  const objects = runs.flatMap((run) => objectsOf(run, namespace));
  await Promise.all(objects.map((object) => manyAtOnce(() => api.create(object))));
}

/** Changes every source, and labels every Deployment so that its version changes, too. */
export async function changeAll(runs: readonly Run[], namespace: string): Promise<void> {
  const { api } = testCluster();
  const text = dataAt(1);
  const encoded = Object.fromEntries(
    Object.entries(text).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  const changes = runs.flatMap(({ other, cells }) => [
    [path('ConfigMap', namespace, other), { data: text }] as const,
    ...cells.flatMap(({ names: { web }, ...cell }) => {
      const [configMap, secret] = versionsAfter(cell);
      return [
        ...(configMap ? [[path('ConfigMap', namespace, web), { data: text }] as const] : []),
        ...(secret ? [[path('Secret', namespace, web), { data: encoded }] as const] : []),
        [path('Deployment', namespace, web), { metadata: { labels: { touched: 'yes' } } }] as const,
      ];
    }),
  ]);
  await Promise.all(changes.map(([at, patch]) => manyAtOnce(() => api.patch(at, patch, 'merge'))));
}
