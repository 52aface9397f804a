import { workloadKindOf } from '../kubernetes/kinds.ts';
import type { WorkloadName } from '../kubernetes/names.ts';

/**
 * The first workload that an interrupted pass did not start. It is kept on the Lease, so that the
 * next pass starts there and also reaches the workloads behind a slow one.
 */
export function cursorText({ namespace, kind, name }: WorkloadName): string {
  return `${namespace}/${kind}/${name}`;
}

/** Undefined if the cursor is missing or invalid. Then the usual order applies. */
export function parseCursor(text: string | undefined): WorkloadName | undefined {
  const [namespace, kindText, name, ...more] = (text ?? '').split('/');
  const kind = workloadKindOf(kindText);
  if (!namespace || kind === undefined || !name || more.length > 0) return undefined;
  return { namespace, kind, name };
}

/**
 * The order in which workloads are handled: one of each namespace in turn, so that a large
 * namespace does not delay others.
 *
 * @param workloads by namespace, kind and name
 * @param cursor where to start. Other namespaces start at a random workload, because their progress
 * in the previous pass is unknown.
 * @param random from 0 up to but not including 1
 */
export function inTurns<T extends WorkloadName>(
  workloads: readonly T[],
  cursor: WorkloadName | undefined,
  random: () => number,
): T[] {
  const byNamespace = [...Map.groupBy(workloads, ({ namespace }) => namespace)];
  const own = byNamespace.findIndex(([namespace]) => namespace >= (cursor?.namespace ?? ''));
  let queues = rotated(byNamespace, Math.max(own, 0)).map(([namespace, group]) => {
    if (cursor === undefined) return group;
    if (namespace !== cursor.namespace) return rotated(group, Math.floor(random() * group.length));
    const { kind, name } = cursor;
    const at = group.findIndex(
      (each) => each.kind > kind || (each.kind === kind && each.name >= name),
    );
    return rotated(group, Math.max(at, 0));
  });
  const ordered: T[] = [];
  for (let round = 0; queues.length > 0; round += 1) {
    queues = queues.filter((queue) => queue.length > round);
    for (const queue of queues) ordered.push(...queue.slice(round, round + 1));
  }
  return ordered;
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  return [...list.slice(by), ...list.slice(0, by)];
}
