import { WaveCronError } from '../../lib/errors.ts';
import { withDefaultKinds } from '../../lib/kubernetes/kinds.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import { byName, type ListProblem } from '../../lib/rules/report.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { chosenNamespaces, type ListDeps } from '../reading/list.ts';
import { carriersOf, leftover, searchSources, type TracedSource } from './carriers.ts';
import { answersForReferences, TracedWorkloads } from './traced-workloads.ts';

/** Where to look for what wave-cron has written, and for what of it. */
export interface ReleaseScope {
  /** Of these, the namespaces and the annotation prefix count. */
  readonly settings: Settings;
  /** Undefined: everything in the namespaces that the settings name. */
  readonly only: WorkloadName | undefined;
  /** Whether the annotations of the template count, too. */
  readonly annotations: boolean;
}

/** What wave-cron has written, as it was found. */
export interface Traces {
  readonly workloads: readonly TracedWorkload[];
  /** What carries owner references that no workload answers for any more. */
  readonly sources: readonly TracedSource[];
  /** Lists of workloads that were refused, and listed workloads that could not be understood. */
  readonly listProblems: readonly ListProblem[];
  /** Lists of sources that were refused. */
  readonly notSearched: readonly ListProblem[];
}

export interface TracedWorkload {
  readonly workload: Workload;
  /** Sources that were found to carry its mark, as in its record. */
  readonly carriers: ReadonlySet<string>;
}

/**
 * Finds what wave-cron has written. The selector of workloads and `ignoreNamespaces` do not count:
 * they may have been wider when it was written. Nor do shards. `kinds` only adds to the default kinds.
 *
 * @throws UnreachableError where no workload could be listed at all, WaveCronError where the only
 * workload does not exist, nor any mark of it
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
  // Who answers for a reference cannot be known if not every workload was seen.
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
    notSearched: refused,
  };
}
