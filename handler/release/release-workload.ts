import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import { isAbsent, isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import type { AnnotationKeys } from '../../lib/rules/annotations.ts';
import { planRelease } from '../../lib/rules/ownership/plan-release.ts';
import { formatRecord, mayOwn, type OwnedState } from '../../lib/rules/ownership/record.ts';
import { workloadPatch } from '../../lib/rules/patch.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import { notFound, type Ownership } from '../ownership/ownership.ts';
import { pauseMs, tries } from '../pass/conflicts.ts';
import { carriesHashAnnotations, type TracedWorkload } from './traces.ts';

/** What was, or would be, taken off one workload. */
export interface ReleasedWorkload extends WorkloadName {
  /** Sources that lost its mark, as in the record: `ConfigMap/name`. */
  readonly sources: readonly string[];
  /** `none`: it carried none. */
  readonly finalizer: 'removed' | 'kept' | 'none';
  /** Names of the annotations that went. */
  readonly annotations: readonly string[];
  /** Whether its template changed. */
  readonly restarts: boolean;
  /** What could not be done, each with why. */
  readonly problems: readonly string[];
}

export interface ReleaseDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly annotationKeys: AnnotationKeys;
  readonly ownership: Ownership;
  readonly writes: FairLimit;
  /** Throws PassStopped where no write may begin any more. */
  readonly assertMayWrite: () => void;
  readonly stopRetrying: AbortSignal;
  readonly read: (object: WorkloadObject) => Workload;
  /** Whether the carriers of the traces are all that there are. */
  readonly searched: boolean;
  /** Whether the annotations of the template are to go, too. */
  readonly annotations: boolean;
}

/**
 * Takes everything off one workload: first its marks off the sources, then with one PATCH what it
 * carries itself. Where a mark has to stay, finalizer and record stay with it. Where somebody else
 * wrote to the workload since it was read, it is read again.
 *
 * @throws what `assertMayWrite` throws, and the reason of `stopRetrying`
 */
export async function releaseWorkload(
  { workload, carriers }: TracedWorkload,
  deps: ReleaseDeps,
): Promise<ReleasedWorkload> {
  const { cluster, clock, annotationKeys, ownership, writes, assertMayWrite, stopRetrying, read } =
    deps;
  const sources = new Set<string>();
  let current = workload;

  for (let attempt = 1; ; attempt += 1) {
    const plan = planRelease(current, carriers, deps.searched);
    const remaining = plan === undefined ? undefined : await ownership.takeAway(current, plan);
    for (const label of remaining?.removed ?? []) sources.add(label);
    const problems = [...(remaining?.problems ?? []), ...(remaining?.warnings ?? [])];
    const ended = (after: Workload | undefined, ...more: string[]): ReleasedWorkload => ({
      ...difference(workload, after, annotationKeys),
      sources: [...sources].sort(),
      problems: [...problems, ...more],
    });

    const owned = atMost(current, remaining?.owned);
    const removesHash = deps.annotations && (carriesHashAnnotations(current) || current.hasWritten);
    const reason = deps.annotations ? 'OptedOut' : 'UpToDate';
    const decision = { reason, hashAnnotations: removesHash ? null : undefined } as const;
    const patch = workloadPatch(current, decision, owned, annotationKeys);
    if (patch === undefined) return ended(current);
    const asked = current;
    try {
      await writes.run(asked.namespace, () => {
        assertMayWrite();
        return cluster.patchWorkload(asked, patch, {
          assertMayWrite,
          stopRetrying,
        });
      });
      return ended(patched(current, deps.annotations, owned));
    } catch (error) {
      if (isAbsent(error, workload.name)) return ended(undefined);
      if (!(error instanceof WaveCronError)) throw error;
      if (!isApiError(error, 409)) {
        return ended(
          current,
          `its annotations and finalizer could not be removed: ${error.message}`,
        );
      }
      if (attempt === tries) {
        return ended(
          current,
          `another client changed it ${tries} times while its annotations and finalizer were being removed; run this again`,
        );
      }
    }
    await clock.sleep(pauseMs(attempt), stopRetrying);
    try {
      current = read(await cluster.getWorkload(current, stopRetrying));
    } catch (error) {
      if (isAbsent(error, workload.name)) return ended(undefined);
      if (!(error instanceof WaveCronError)) throw error;
      return ended(current, `it could not be read again after a conflict: ${error.message}`);
    }
  }
}

/** The same without a write: what would be taken off, as far as it can be told. */
export function releasePreview(
  { workload, carriers }: TracedWorkload,
  {
    annotationKeys,
    searched,
    annotations,
  }: Pick<ReleaseDeps, 'annotationKeys' | 'searched' | 'annotations'>,
): ReleasedWorkload {
  const plan = planRelease(workload, carriers, searched);
  const owned =
    plan === undefined
      ? undefined
      : {
          record: { names: new Set<string>(), complete: plan.complete },
          finalizer: workload.ownership.finalizer && !plan.complete,
          keepsPutBack: false,
        };
  return {
    ...difference(workload, patched(workload, annotations, owned), annotationKeys),
    sources: [...(plan?.stale ?? [])].sort(),
    problems: plan?.search === true ? [notFound(workload.namespace)] : [],
  };
}

/** If something could not be released, the record of a workload without the finalizer stays as it is. */
function atMost({ ownership }: Workload, owned: OwnedState | undefined): OwnedState | undefined {
  return owned !== undefined && mayOwn(owned.record) && !ownership.finalizer ? undefined : owned;
}

/** The workload as it is after the patch. */
function patched(
  workload: Workload,
  annotations: boolean,
  owned: OwnedState | undefined,
): Workload {
  const { template, ownership, hasAdopted, hasHistory, hasWritten } = workload;
  const removesHash = annotations && carriesHashAnnotations(workload);
  const own = owned !== undefined && mayOwn(owned.record);
  return {
    ...workload,
    hasAdopted: hasAdopted && !annotations,
    hasHistory: hasHistory && !annotations,
    hasWritten: hasWritten && !annotations,
    template: removesHash ? { hash: undefined, sources: undefined } : template,
    ownership:
      owned === undefined
        ? ownership
        : {
            ...ownership,
            finalizer: owned.finalizer,
            record: own ? formatRecord(owned.record) : undefined,
            recordIsOurs: own,
            putBack: own ? ownership.putBack : 0,
          },
  };
}

/** @param after undefined where it is gone, and all that it carried with it */
function difference(
  before: Workload,
  after: Workload | undefined,
  annotationKeys: AnnotationKeys,
): Omit<ReleasedWorkload, 'sources' | 'problems'> {
  const { kind, namespace, name } = before;
  const finalizers = [before, after].map((each) => each?.ownership.finalizer === true);
  const carried = (each: Workload | undefined) => [
    ...(each?.ownership.record === undefined ? [] : [annotationKeys.ownedSources]),
    ...(each === undefined || each.ownership.putBack === 0 ? [] : [annotationKeys.putBack]),
    ...(each?.hasAdopted === true ? [annotationKeys.adopted] : []),
    ...(each?.hasHistory === true ? [annotationKeys.rolloutHistory] : []),
    ...(each?.hasWritten === true ? [annotationKeys.writtenHash] : []),
    ...(each?.template.hash === undefined ? [] : [annotationKeys.configHash]),
    ...(each?.template.sources === undefined ? [] : [annotationKeys.configSources]),
  ];
  const left = carried(after);
  const gone = carried(before).filter((each) => !left.includes(each));
  return {
    ...{ kind, namespace, name },
    finalizer: finalizers[0] === false ? 'none' : finalizers[1] === true ? 'kept' : 'removed',
    annotations: gone,
    restarts:
      after !== undefined &&
      gone.some(
        (each) => each === annotationKeys.configHash || each === annotationKeys.configSources,
      ),
  };
}
