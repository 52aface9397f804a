/** Changes objects at a steady rate, or as fast as the API server accepts changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { type Api, path } from '../../../tools/control-plane/api.ts';
import { type BenchWorkload, workloadsOf } from '../load.ts';
import { type Size, usedSources } from '../size.ts';

/**
 * The numbers of events among ten. The other events are about sources that no workload uses, and half of these
 * are Secrets.
 */
const ofTen = { workloads: 3, usedSources: 1 } as const;
let turns = 0;

/**
 * Changes objects at a steady rate until the signal.
 *
 * @returns the number of changes
 */
export async function commotion(
  api: Api,
  size: Size,
  perSecond: number,
  signal: AbortSignal,
): Promise<number> {
  const underWay = new Set<Promise<void>>();
  const began = performance.now();
  let sent = 0;
  while (!signal.aborted) {
    const due = ((performance.now() - began) / 1000) * perSecond;
    for (; sent < due; sent += 1) {
      const one = change(api, size).finally(() => underWay.delete(one));
      underWay.add(one);
    }
    await sleep(5);
  }
  await Promise.all(underWay);
  return sent;
}

async function change(api: Api, size: Size): Promise<void> {
  turns += 1;
  const value = `${process.pid}-event-${turns}`;
  const workloads = workloadsOf(size);
  const optedIn = size.optedIn;
  const nth = Math.floor(turns / 10);
  const kind = turns % 10;
  if (kind < ofTen.workloads) {
    // A label of another program, on an opted-in workload. Like an update of the status, it does not change the
    // generation.
    const { namespace, name } = at(workloads, (nth * ofTen.workloads + kind) % optedIn);
    const labels = { 'example.com/checked': value };
    await api.patch(path('Deployment', namespace, name), { metadata: { labels } });
  } else if (kind < ofTen.workloads + ofTen.usedSources) {
    const { namespace, configMaps } = at(workloads, nth % optedIn);
    await api.patch(path('ConfigMap', namespace, configMaps[0] ?? ''), { data: { edited: value } });
  } else {
    await changeUnused(api, size, turns, value);
  }
}

/** Changes sources that no workload uses, with many concurrent requests. */
export async function storm(api: Api, size: Size, changes: number): Promise<void> {
  const limit = pLimit(32);
  let left = changes;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      turns += 1;
      await changeUnused(api, size, turns, `${process.pid}-storm-${turns}`);
    }
  };
  await Promise.all(Array.from({ length: 32 }, () => limit(worker)));
}

/** Changes only an annotation: that is an event too, and the API server has less data to store. */
async function changeUnused(api: Api, size: Size, turn: number, value: string): Promise<void> {
  const used = usedSources(size);
  const kind = turn % 2 === 0 ? 'ConfigMap' : 'Secret';
  const [first, all] =
    kind === 'ConfigMap' ? [used.configMaps, size.configMaps] : [used.secrets, size.secrets];
  const nth = first + (Math.floor(turn / 2) % (all - first));
  const annotations = { 'example.com/checked': value };
  const namespace = `team-${nth % size.namespaces}`;
  await api.patch(path(kind, namespace, `other-${nth}`), { metadata: { annotations } });
}

function at(workloads: readonly BenchWorkload[], index: number): BenchWorkload {
  const found = workloads[index];
  if (found === undefined) throw new Error(`there is no workload ${index}`);
  return found;
}
