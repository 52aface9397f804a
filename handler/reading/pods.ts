import type { Limit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { PodObject, ReplicaSetObject } from '../../lib/kubernetes/objects.ts';
import {
  controllerOf,
  type PodGroup,
  type PodsReading,
  type ReplicaSet,
} from '../../lib/rules/adoption/pods.ts';
import { templateDigest } from '../../lib/rules/adoption/rollout.ts';
import { needsPods, type SourcesSeen } from '../../lib/rules/decide.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { Clock } from '../../lib/schedule/clock.ts';

export interface PodsDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly limit: Limit;
  readonly signal: AbortSignal;
}

/** Tenants can create any number of Pods that match a selector. */
const maxReplicaSets = 1_000;
const maxGroups = 1_000;

/**
 * The Pods of a workload, if its decision depends on them. Rejects only if the pass is interrupted.
 *
 * @param alsoIf reads them too if this is true
 */
export async function podsOf(
  workload: Workload,
  seen: SourcesSeen,
  { cluster, clock, limit, signal }: PodsDeps,
  alsoIf = false,
): Promise<PodsReading | undefined> {
  if (!(alsoIf || needsPods(workload, seen))) return undefined;
  const { kind, namespace, podSelector = '' } = workload;
  // An empty selector would match every Pod of the namespace.
  if (podSelector === '') return { state: 'unreadable', why: 'it selects none' };
  try {
    const replicaSets = new Map<string, ReplicaSet>();
    if (kind === 'Deployment') {
      // ReplicaSets are read before the Pods. A Pod that is created in between may belong to an
      // unknown ReplicaSet, and counts as one with any template.
      await limit(() =>
        cluster.listRevisions({ kind, namespace, podSelector }, signal, (page, restart) => {
          if (restart) replicaSets.clear();
          for (const each of page.map(replicaSetOf)) replicaSets.set(each.uid, each);
          assertAtMost(replicaSets, maxReplicaSets, 'ReplicaSets');
        }),
      );
    }
    const groups = new Map<string, PodGroup>();
    await limit(() =>
      cluster.listPods(namespace, podSelector, signal, (page, restart) => {
        if (restart) groups.clear();
        for (const pod of page.filter(stays)) addTo(groups, pod);
        assertAtMost(groups, maxGroups, 'owners of Pods');
      }),
    );
    return {
      state: 'read',
      readAt: clock.wallTime().getTime(),
      groups: [...groups.values()],
      replicaSets: [...replicaSets.values()],
    };
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

function assertAtMost(found: ReadonlyMap<string, unknown>, most: number, what: string): void {
  if (found.size > most) throw new WaveCronError(`its selector matches more than ${most} ${what}`);
}

function replicaSetOf({ metadata, spec }: ReplicaSetObject): ReplicaSet {
  return {
    uid: metadata?.uid ?? '',
    controller: controllerOf({ metadata }),
    template: templateDigest(spec?.template),
    wantsPods: (spec?.replicas ?? 1) > 0,
  };
}

/** A terminating Pod does not matter, because it ends soon. */
function stays({ metadata, status }: PodObject): boolean {
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return metadata?.deletionTimestamp == null && !ended;
}

function addTo(groups: Map<string, PodGroup>, { metadata, spec }: PodObject): void {
  const { labels } = metadata ?? {};
  const controller = controllerOf({ metadata });
  const revision = labels?.['controller-revision-hash'];
  const generation = labels?.['pod-template-generation'];
  const key = JSON.stringify([controller?.uid, revision, generation]);
  const known = groups.get(key) ?? { controller, revision, generation, oldest: undefined };
  groups.set(key, known);
  // A Pod without a node has read nothing yet.
  if (!spec?.nodeName) return;
  const createdAt = metadata?.creationTimestamp ?? '';
  // Times of the API sort like their texts.
  if (known.oldest !== undefined && known.oldest.createdAt <= createdAt) return;
  groups.set(key, { ...known, oldest: { name: metadata?.name ?? '', createdAt } });
}
