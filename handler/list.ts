import type { LimitFunction } from 'p-limit';
import { UnreachableError } from '../lib/errors.ts';
import type { Cluster } from '../lib/kubernetes/cluster.ts';
import type { WorkloadObject } from '../lib/pod-spec.ts';
import { type ListProblem, listName } from '../lib/report.ts';
import type { Settings } from '../lib/settings/schema.ts';
import { givenShard, ownNamespaces } from '../lib/shards.ts';
import type { Workload, WorkloadKind } from '../lib/workload.ts';

export interface Listed {
  readonly workloads: readonly Workload[];
  readonly problems: readonly ListProblem[];
}

/**
 * Lists the workloads that opted in, of all kinds and namespaces that the settings name, and of the
 * shard that they make of this process.
 *
 * @param keep reduces an object to what the pass needs of it, undefined where it did not opt in
 * @throws UnreachableError where not one list could be read
 */
export async function listWorkloads(
  cluster: Cluster,
  settings: Settings,
  keep: (kind: WorkloadKind, object: WorkloadObject) => Workload | undefined,
  limit: LimitFunction,
  signal: AbortSignal,
): Promise<Listed> {
  const { kinds, ignoreNamespaces, workloadSelector } = settings;
  const isOwn = ownNamespaces(givenShard(settings.shard));
  const chosen = await chosenNamespaces(cluster, settings, signal);
  const namespaces = chosen.filter((name) => name === undefined || isOwn(name));
  const lists = namespaces.flatMap((namespace) => kinds.map((kind) => ({ kind, namespace })));

  const read = async ({ kind, namespace }: (typeof lists)[number]) => {
    let kept: Workload[] = [];
    try {
      await cluster.listWorkloads(
        kind,
        { namespace, ignoreNamespaces, labelSelector: workloadSelector || undefined, signal },
        (page, restart) => {
          if (restart) kept = [];
          for (const object of page) {
            if (!isOwn(object.metadata?.namespace ?? '')) continue;
            const workload = keep(kind, object);
            if (workload !== undefined) kept.push(workload);
          }
        },
      );
      return { kept };
    } catch (error) {
      signal.throwIfAborted();
      const what = listName(kind, namespace);
      return { problem: { what, why: error instanceof Error ? error.message : String(error) } };
    }
  };

  const results = await Promise.all(lists.map((list) => limit(read, list)));
  const problems = results.flatMap(({ problem }) => problem ?? []);
  const [first] = problems;
  if (first !== undefined && problems.length === results.length) {
    throw new UnreachableError(`no workload could be listed: ${first.why}`);
  }
  return { workloads: results.flatMap(({ kept }) => kept ?? []), problems };
}

/** The namespaces to list one by one; a single undefined stands for one list over all of them. */
export async function chosenNamespaces(
  cluster: Cluster,
  { namespaces, namespaceSelector, ignoreNamespaces }: Settings,
  signal: AbortSignal,
): Promise<readonly (string | undefined)[]> {
  if (namespaceSelector !== '') {
    let matching: string[];
    try {
      matching = await cluster.listNamespaces(namespaceSelector, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new UnreachableError(
        `the namespaces of namespaceSelector could not be listed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return matching.filter((name) => !ignoreNamespaces.includes(name));
  }
  return namespaces.length > 0 ? namespaces : [undefined];
}
