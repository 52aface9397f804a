import type { PodAge, PodsReading } from '../lib/adoption/age.ts';
import { needsPods } from '../lib/decide.ts';
import { WaveCronError } from '../lib/errors.ts';
import type { Limit } from '../lib/fair-limit.ts';
import type { Cluster } from '../lib/kubernetes/cluster.ts';
import type { PodObject } from '../lib/pod-spec.ts';
import type { Workload } from '../lib/workload.ts';

/**
 * The Pods of a workload, if its decision depends on them. Rejects only if the pass is interrupted.
 *
 * @param alsoIf reads them as well if this is true
 */
export async function podsOf(
  cluster: Cluster,
  workload: Workload,
  limit: Limit,
  signal: AbortSignal,
  alsoIf = false,
): Promise<PodsReading | undefined> {
  const { namespace, firstSight } = workload;
  if (firstSight === undefined || !(alsoIf || needsPods(workload))) return undefined;
  // An empty selector would match every Pod of the namespace.
  if (firstSight.podSelector === '') return { state: 'unreadable', why: 'it selects none' };
  try {
    const { podSelector } = firstSight;
    const keep = (page: readonly PodObject[]) => page.filter(stays).map(ageOf);
    const pods = await limit(() => listPods(cluster, namespace, podSelector, signal, keep));
    return { state: 'read', pods };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof WaveCronError)) throw error;
    return { state: 'unreadable', why: error.message };
  }
}

/**
 * What is kept of each page of the Pods that match a selector.
 *
 * @throws ApiError
 */
export async function listPods<T>(
  cluster: Cluster,
  namespace: string,
  podSelector: string,
  signal: AbortSignal,
  keep: (page: readonly PodObject[]) => readonly T[],
): Promise<T[]> {
  let pods: T[] = [];
  await cluster.listPods(namespace, podSelector, signal, (page, restart) => {
    if (restart) pods = [];
    pods.push(...keep(page));
  });
  return pods;
}

/** A Pod on its way out will not run with anything for long. */
function stays({ metadata, status }: PodObject): boolean {
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return metadata?.deletionTimestamp == null && !ended;
}

function ageOf({ metadata, status }: PodObject): PodAge {
  return {
    name: metadata?.name ?? '',
    createdAt: metadata?.creationTimestamp ?? undefined,
    startTime: status?.startTime ?? undefined,
  };
}
