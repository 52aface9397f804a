import { WaveCronError } from '../../lib/errors.ts';
import { withDefaultKinds } from '../../lib/kubernetes/kinds.ts';
import { byName, type WorkloadName } from '../../lib/kubernetes/names.ts';
import type { KindNotServed, ListProblem } from '../../lib/rules/report.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { chosenNamespaces, type ListDeps } from '../reading/list.ts';
import { carriersOf, leftover, searchSources, type TracedSource } from './carriers.ts';
import { answersForReferences, TracedWorkloads } from './traced-workloads.ts';

/** The places to search, and the objects to release. */
export interface ReleaseScope {
  /** The search uses only the namespaces and the annotation prefix. */
  readonly settings: Settings;
  /** The workload to release; undefined: everything in the namespaces of the settings. */
  readonly only: WorkloadName | undefined;
  /** Whether to release the annotations of the template too. */
  readonly annotations: boolean;
}

/** Everything that wave-cron wrote and the search found. */
export interface Traces {
  readonly workloads: readonly TracedWorkload[];
  /** Sources with owner references that no remaining workload records. */
  readonly sources: readonly TracedSource[];
  /** Lists of workloads that failed, and listed workloads that could not be parsed. */
  readonly listProblems: readonly ListProblem[];
  readonly kindsNotServed: readonly KindNotServed[];
  /** The failed list requests for sources. */
  readonly notSearched: readonly ListProblem[];
}

export interface TracedWorkload {
  readonly workload: Workload;
  /** Sources with an owner reference to the workload, named as in the workload's record. */
  readonly carriers: ReadonlySet<string>;
}

/**
 * Finds everything that wave-cron wrote. It ignores `workloadSelector`, `ignoreNamespaces` and
 * shards, because these may have been wider earlier. `kinds` can only add to the default kinds.
 *
 * @throws UnreachableError if no workload could be listed at all; WaveCronError if the workload in
 * `only` does not exist and no source has an owner reference to it
 */
export async function findTraces(
  { settings, only, annotations }: ReleaseScope,
  deps: ListDeps,
): Promise<Traces> {
  const looked: Settings = {
    ...settings,
    kinds: withDefaultKinds(settings.kinds),
    workloadSelector: '',
    ignoreNamespaces: [],
    shard: { count: 1 },
  };
  const traced = new TracedWorkloads(looked, annotations);
  const search = async () => {
    const { cluster, signal } = deps;
    const namespaces =
      only === undefined ? await chosenNamespaces(cluster, looked, signal) : [only.namespace];
    return await searchSources(namespaces, deps);
  };
  const [found, { carriers, refused }] = await Promise.all([
    only === undefined ? traced.list(deps) : traced.get(only, deps),
    search(),
  ]);
  const workloads = traced.carriers(found).sort(byName);
  const answering = workloads.filter(answersForReferences).map(({ uid }) => uid);
  const answeredFor = traced.ofOtherPrefixes.union(new Set(answering));
  // If a workload could not be read, it may have the record of any reference.
  const sources =
    found.problems.length > 0
      ? []
      : carriers.flatMap((source) => leftover(source, only, answeredFor));
  if (only !== undefined && found.workloads.length === 0 && sources.length === 0) {
    throw new WaveCronError(
      `${only.kind} ${only.name} does not exist in namespace ${only.namespace}, and nothing there has an owner reference to it`,
    );
  }
  return {
    workloads: workloads.map((workload) => ({
      workload,
      carriers: carriersOf(workload, carriers),
    })),
    sources,
    listProblems: [...found.problems, ...found.alsoNotSeen],
    kindsNotServed: found.kindsNotServed,
    notSearched: refused,
  };
}
