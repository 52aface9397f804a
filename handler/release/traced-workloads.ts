import { describeError, expectedError, UnreachableError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import type { WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import { objectTitle, type WorkloadName } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { planRelease } from '../../lib/rules/ownership/plan-release.ts';
import type { KindNotServed, ListProblem } from '../../lib/rules/report.ts';
import { readAnyWorkload, type Workload, type WorkloadRules } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { type ListDeps, listWorkloads } from '../reading/list.ts';
import type { Listed } from '../reading/workload-list.ts';
import { workloadRules } from '../reading/workload-rules.ts';

export interface FoundWorkloads {
  /** The workloads that have something to release, in no order. */
  readonly workloads: readonly Workload[];
  readonly problems: readonly ListProblem[];
  /**
   * Workloads that are too large to be read. Their metadata show that they have no owner
   * references, but their templates are unknown.
   */
  readonly alsoNotSeen: readonly ListProblem[];
  readonly kindsNotServed: readonly KindNotServed[];
}

/** The settings for reading the workloads of a release. It does not matter how they opted in. */
export function releaseRules(settings: Settings): WorkloadRules {
  return workloadRules({ ...settings, compatibility: [], namePatterns: [] });
}

/** Finds the workloads with anything that wave-cron wrote. Used once. */
export class TracedWorkloads {
  readonly #settings: Settings;
  readonly #rules: WorkloadRules;
  readonly #annotations: boolean;
  readonly #ofOtherPrefixes = new Set<string>();

  /** @param annotations whether the annotations of the template count too */
  constructor(settings: Settings, annotations: boolean) {
    this.#settings = settings;
    this.#rules = releaseRules(settings);
    this.#annotations = annotations;
  }

  /** The uids of workloads with the record of a wave-cron that has another annotation prefix. */
  get ofOtherPrefixes(): ReadonlySet<string> {
    return this.#ofOtherPrefixes;
  }

  /** @throws UnreachableError if no workload could be listed at all */
  async list(deps: ListDeps): Promise<FoundWorkloads> {
    const keep = (kind: WorkloadKind, object: WorkloadObject): Workload | undefined => {
      const workload = this.#read(kind, object);
      return this.#carriesAny(workload) ? workload : undefined;
    };
    return this.#found(await listWorkloads(this.#settings, { keep }, deps));
  }

  /** Reads one workload by its name. @throws UnreachableError if the workload cannot be read */
  async get(only: WorkloadName, { cluster, signal }: ListDeps): Promise<FoundWorkloads> {
    const { kind, name } = only;
    const nothing = { workloads: [], problems: [], alsoNotSeen: [], kindsNotServed: [] };
    try {
      const workload = this.#read(kind, await cluster.getWorkload(only, signal));
      return { ...nothing, workloads: [workload] };
    } catch (error) {
      const { message } = expectedError(error, signal);
      if (isAbsent(error, name)) return nothing;
      throw new UnreachableError(`${objectTitle(only)} could not be read: ${message}`);
    }
  }

  carriers({ workloads }: FoundWorkloads): Workload[] {
    return workloads.filter((workload) => this.#carriesAny(workload));
  }

  #read(kind: WorkloadKind, object: WorkloadObject): Workload {
    const workload = readAnyWorkload(kind, object, this.#rules);
    const { ownedSources } = this.#rules.annotations;
    if (hasOtherRecord(object, ownedSources)) this.#ofOtherPrefixes.add(workload.uid);
    return workload;
  }

  #carriesAny(workload: Workload): boolean {
    const { hasAdopted, hasHistory, hasWritten, rollouts } = workload;
    const ofHash =
      carriesHashAnnotations(workload) ||
      hasAdopted ||
      hasHistory ||
      hasWritten ||
      rollouts.hasPending === true;
    return answersForReferences(workload) || (this.#annotations && ofHash);
  }

  #found({ workloads, problems, kindsNotServed, unread, tooLarge }: Listed): FoundWorkloads {
    // The content of these workloads is unknown, as after a failed list.
    const unknown = unread.map((each) => problem(each, describeError(each.error)));
    const notSeen = (kept: boolean) =>
      tooLarge
        .filter((each) => each.kept === kept)
        .map((each) => problem(each, 'it is too large to be read'));
    return {
      ...{ workloads, kindsNotServed },
      problems: [...problems, ...unknown, ...notSeen(true)],
      alsoNotSeen: this.#annotations ? notSeen(false) : [],
    };
  }
}

/** Whether sources have, or may have, owner references to the workload. */
export function answersForReferences(workload: Workload): boolean {
  return planRelease(workload, new Set(), true) !== undefined;
}

function problem(workload: WorkloadName, why: string): ListProblem {
  return { what: objectTitle(workload), why };
}

/**
 * Whether the template has an annotation to remove. If the workload is being deleted, its template
 * goes with it.
 */
export function carriesHashAnnotations({ template, deleting }: Workload): boolean {
  return !deleting && (template.hash !== undefined || template.sources !== undefined);
}

/**
 * Whether a wave-cron with another annotation prefix has a record on the workload. In
 * managedFields, the owner references of both installations look the same.
 */
function hasOtherRecord({ metadata }: WorkloadObject, ownedSources: string): boolean {
  const suffix = ownedSources.slice(ownedSources.indexOf('/'));
  return Object.keys(metadata?.annotations ?? {}).some(
    (key) => key !== ownedSources && key.endsWith(suffix),
  );
}
