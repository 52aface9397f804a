import { expectedError, WaveCronError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { workloadEntry } from '../../lib/kubernetes/kinds.ts';
import type { PodObject, ReplicaSetObject } from '../../lib/kubernetes/objects.ts';
import {
  controllerOf,
  type PodGroup,
  type PodIdentity,
  type PodsReading,
  type ReplicaSetFacts,
} from '../../lib/rules/adoption/pods.ts';
import { templateDigest } from '../../lib/rules/adoption/rollout.ts';
import { needsPods } from '../../lib/rules/needs-pods.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { ReadContext } from '../context.ts';

/** Limits the memory: tenants can create any number of Pods that match a selector. */
const maxReplicaSets = 1_000;
const maxGroups = 1_000;
/** This maximum applies only if the caller needs each Pod. */
const maxPods = 10_000;

/**
 * The Pods of a workload, if its decision depends on them. Rejects only if the pass is interrupted.
 *
 * @param alsoIf reads the Pods even if the decision does not depend on them
 */
export async function podsOf(
  workload: Workload,
  seen: SourcesSeen,
  context: ReadContext,
  alsoIf = false,
): Promise<PodsReading | undefined> {
  return alsoIf || needsPods(workload, seen) ? await readPods(workload, context) : undefined;
}

/**
 * Reads the Pods of a workload. The workload must have been read with its `rollout`.
 *
 * @param withNames whether the groups contain the name and uid of each Pod
 * @throws the reason of the signal
 */
export async function readPods(
  workload: Workload,
  { cluster, clock, reads, signal }: ReadContext,
  withNames = false,
): Promise<PodsReading> {
  const { namespace, podSelector = '' } = workload;
  const unknown = whyPodsAreUnknown(workload);
  if (unknown !== undefined) return { state: 'unreadable', why: unknown };
  const { kind } = workload.runBy ?? workload;
  const { pods, revisions } = workloadEntry(kind);
  const limit = reads.of(namespace);
  try {
    const replicaSets = new Map<string, ReplicaSetFacts>();
    if (pods.controlledBy === 'revision') {
      // ReplicaSets are listed before the Pods. So a ReplicaSet that is created in between is
      // unknown, and its Pods count as Pods of any template.
      await limit(() =>
        cluster.listRevisions({ kind, namespace, podSelector }, signal, (page, restart) => {
          if (restart) replicaSets.clear();
          for (const object of page) {
            const each = replicaSetOf(object, pods.newest?.label);
            replicaSets.set(each.uid, each);
          }
          assertAtMost(replicaSets, maxReplicaSets, `${revisions?.kind}s`);
        }),
      );
    }
    const groups = new Map<string, PodGroup>();
    const names = withNames ? new NamesOfGroups() : undefined;
    await limit(() =>
      cluster.listPods(namespace, podSelector, signal, (page, restart) => {
        if (restart) groups.clear();
        if (restart) names?.clear();
        for (const pod of page.filter(stays)) {
          const key = addTo(groups, pod);
          names?.add(key, pod);
        }
        assertAtMost(groups, maxGroups, 'owners of Pods');
      }),
    );
    return {
      state: 'read',
      readAt: clock.wallTime().getTime(),
      groups: names === undefined ? [...groups.values()] : names.addedTo(groups),
      replicaSets: [...replicaSets.values()],
    };
  } catch (error) {
    return { state: 'unreadable', why: expectedError(error, signal).message };
  }
}

/** The reason why the Pods of a workload cannot be listed. Undefined if they can. */
export function whyPodsAreUnknown({ podSelector = '', ...workload }: Workload): string | undefined {
  const { kind } = workload.runBy ?? workload;
  if (workloadEntry(kind).pods.controlledBy === 'unknown') {
    return `which Pods a ${kind} has is unknown`;
  }
  // An empty selector would match every Pod of the namespace.
  return podSelector === '' ? 'it selects none' : undefined;
}

/**
 * Lists the Pods that match a selector, and collects the result of `keep` for each page.
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

/** Collects the name and uid of each Pod, by group. */
class NamesOfGroups {
  readonly #pods = new Map<string, PodIdentity[]>();
  #count = 0;

  clear(): void {
    this.#pods.clear();
    this.#count = 0;
  }

  add(group: string, { metadata }: PodObject): void {
    this.#count += 1;
    if (this.#count > maxPods)
      throw new WaveCronError(`its selector matches more than ${maxPods} Pods`);
    const pods = this.#pods.get(group) ?? [];
    pods.push({ name: metadata?.name ?? '', uid: metadata?.uid ?? '' });
    this.#pods.set(group, pods);
  }

  addedTo(groups: ReadonlyMap<string, PodGroup>): PodGroup[] {
    return [...groups].map(([key, group]) => ({ ...group, pods: this.#pods.get(key) ?? [] }));
  }
}

function assertAtMost(found: ReadonlyMap<string, unknown>, most: number, what: string): void {
  if (found.size > most) throw new WaveCronError(`its selector matches more than ${most} ${what}`);
}

function replicaSetOf(
  { metadata, spec }: ReplicaSetObject,
  hashLabel: string | undefined,
): ReplicaSetFacts {
  return {
    uid: metadata?.uid ?? '',
    controller: controllerOf({ metadata }),
    template: templateDigest(spec?.template),
    ...(hashLabel === undefined ? {} : { podHash: metadata?.labels?.[hashLabel] }),
    wantsPods: (spec?.replicas ?? 1) > 0,
  };
}

/** A terminating Pod does not matter, because it ends soon. */
function stays({ metadata, status }: PodObject): boolean {
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return metadata?.deletionTimestamp == null && !ended;
}

/** Adds a Pod to its group, and returns the key of this group. */
function addTo(groups: Map<string, PodGroup>, { metadata, spec }: PodObject): string {
  const { labels } = metadata ?? {};
  const controller = controllerOf({ metadata });
  const revision = labels?.['controller-revision-hash'];
  const generation = labels?.['pod-template-generation'];
  const key = JSON.stringify([controller?.uid, revision, generation]);
  const known = groups.get(key) ?? { controller, revision, generation, oldest: undefined };
  groups.set(key, known);
  // A Pod without a node has read nothing yet.
  if (!spec?.nodeName) return key;
  const createdAt = metadata?.creationTimestamp ?? '';
  // Timestamps of the API sort correctly as texts.
  if (known.oldest !== undefined && known.oldest.createdAt <= createdAt) return key;
  groups.set(key, { ...known, oldest: { name: metadata?.name ?? '', createdAt } });
  return key;
}
