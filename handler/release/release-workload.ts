import { expectedError } from '../../lib/errors.ts';
import { isAbsent, isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import type { AnnotationKeys } from '../../lib/rules/annotations.ts';
import type { OwnershipPlan } from '../../lib/rules/ownership/plan.ts';
import { planRelease } from '../../lib/rules/ownership/plan-release.ts';
import { formatRecord, mayOwn, type OwnedState } from '../../lib/rules/ownership/record.ts';
import { workloadPatch } from '../../lib/rules/patch.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { type PassContext, sendWrite } from '../context.ts';
import { notFound, type Ownership } from '../ownership/ownership.ts';
import { retryOnConflict, tries } from '../retry-on-conflict.ts';
import type { ReleasedWorkload } from './report.ts';
import { carriesHashAnnotations } from './traced-workloads.ts';
import type { TracedWorkload } from './traces.ts';

/** Options of the release of one workload. */
export interface ReleaseOptions {
  /** Whether the traces contain all sources with an owner reference. */
  readonly searched: boolean;
  /** Whether to remove the annotations of the pod template too. */
  readonly annotations: boolean;
}

export interface ReleaseWorkloadDeps extends ReleaseOptions {
  readonly ownership: Ownership;
  readonly read: (object: WorkloadObject) => Workload;
}

/**
 * Releases one workload. First, it removes the owner references to the workload from the sources.
 * Then it removes the annotations and the finalizer of wave-cron from the workload with one PATCH.
 * If a reference has to stay, the finalizer and the record stay too. If another client has changed
 * the workload since it was read, the workload is read again.
 *
 * @throws what the gate throws, and the reason of the signal
 */
export async function releaseWorkload(
  traced: TracedWorkload,
  deps: ReleaseWorkloadDeps,
  context: PassContext,
): Promise<ReleasedWorkload> {
  return await new WorkloadRelease(traced, deps, context).run();
}

class WorkloadRelease {
  readonly #traced: TracedWorkload;
  readonly #deps: ReleaseWorkloadDeps;
  readonly #context: PassContext;
  readonly #sources = new Set<string>();
  #current: Workload;
  /** The problems of the last attempt. */
  #problems: readonly string[] = [];

  constructor(traced: TracedWorkload, deps: ReleaseWorkloadDeps, context: PassContext) {
    this.#traced = traced;
    this.#current = traced.workload;
    this.#deps = deps;
    this.#context = context;
  }

  async run(): Promise<ReleasedWorkload> {
    try {
      return await retryOnConflict(this.#context, (attempt) => this.#attempt(attempt));
    } catch (error) {
      if (!isApiError(error, 409)) throw error;
      return this.#ended(
        this.#current,
        `another client changed it ${tries} times while its annotations and finalizer were being removed; run this again`,
      );
    }
  }

  async #attempt(attempt: number): Promise<ReleasedWorkload> {
    const ended = attempt > 1 ? await this.#readAgain() : undefined;
    if (ended !== undefined) return ended;
    this.#problems = [];
    const { annotations, searched } = this.#deps;
    const plan = planRelease(this.#current, this.#traced.carriers, searched);
    const owned = plan === undefined ? undefined : await this.#removeReferences(plan);
    const removesHash =
      annotations && (carriesHashAnnotations(this.#current) || this.#current.hasWritten);
    const reason = annotations ? 'OptedOut' : 'Deleting';
    const decision = { reason, hashAnnotations: removesHash ? null : undefined } as const;
    const patch = workloadPatch(this.#current, decision, owned, this.#context.annotationKeys);
    return patch === undefined ? this.#ended(this.#current) : await this.#patch(patch, owned);
  }

  /** @returns the result if the workload cannot be read */
  async #readAgain(): Promise<ReleasedWorkload | undefined> {
    const { cluster, signal } = this.#context;
    try {
      this.#current = this.#deps.read(await cluster.getWorkload(this.#current, signal));
      return undefined;
    } catch (error) {
      if (isAbsent(error, this.#current.name)) return this.#ended(undefined);
      const { message } = expectedError(error);
      return this.#ended(this.#current, `it could not be read again after a conflict: ${message}`);
    }
  }

  /** @returns the new ownership state of the workload; undefined if it does not change */
  async #removeReferences(plan: OwnershipPlan): Promise<OwnedState | undefined> {
    const remaining = await this.#deps.ownership.removeStale(this.#current, plan);
    for (const label of remaining.removed) this.#sources.add(label);
    this.#problems = [...remaining.problems, ...remaining.warnings];
    return atMost(this.#current, remaining.owned);
  }

  /** @throws ApiError after a conflict */
  async #patch(patch: object, owned: OwnedState | undefined): Promise<ReleasedWorkload> {
    const { cluster } = this.#context;
    const workload = this.#current;
    try {
      await sendWrite(this.#context, workload.namespace, (call) =>
        cluster.patchWorkload(workload, patch, call),
      );
      return this.#ended(patched(workload, this.#deps.annotations, owned));
    } catch (error) {
      if (isAbsent(error, workload.name)) return this.#ended(undefined);
      const { message } = expectedError(error);
      if (isApiError(error, 409)) throw error;
      return this.#ended(
        workload,
        `its annotations and finalizer could not be removed: ${message}`,
      );
    }
  }

  /** @param after undefined if the workload was deleted */
  #ended(after: Workload | undefined, ...more: string[]): ReleasedWorkload {
    return {
      ...difference(this.#traced.workload, after, this.#context.annotationKeys),
      sources: [...this.#sources].sort(),
      problems: [...this.#problems, ...more],
    };
  }
}

/** The expected result of `releaseWorkload`, without a write. */
export function releasePreview(
  { workload, carriers }: TracedWorkload,
  {
    annotationKeys,
    searched,
    annotations,
  }: ReleaseOptions & { readonly annotationKeys: AnnotationKeys },
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

/**
 * If a reference could not be removed and the workload has no finalizer, the record of the workload
 * stays unchanged.
 */
function atMost({ ownership }: Workload, owned: OwnedState | undefined): OwnedState | undefined {
  return owned !== undefined && mayOwn(owned.record) && !ownership.finalizer ? undefined : owned;
}

/** The workload as it is after the patch. */
function patched(
  workload: Workload,
  annotations: boolean,
  owned: OwnedState | undefined,
): Workload {
  const { template, ownership, hasAdopted, hasHistory, hasWritten, rollouts } = workload;
  const removesHash = annotations && carriesHashAnnotations(workload);
  const own = owned !== undefined && mayOwn(owned.record);
  return {
    ...workload,
    hasAdopted: hasAdopted && !annotations,
    hasHistory: hasHistory && !annotations,
    hasWritten: hasWritten && !annotations,
    rollouts: annotations ? {} : rollouts,
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

/** @param after undefined if the workload was deleted, together with its annotations */
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
    ...(each?.rollouts.hasPending === true ? [annotationKeys.pendingConfig] : []),
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
