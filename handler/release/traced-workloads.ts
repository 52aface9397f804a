import { describeError, expectedError, UnreachableError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import type { WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import { objectTitle, type WorkloadName } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { planRelease } from '../../lib/rules/ownership/plan-release.ts';
import type { ListProblem } from '../../lib/rules/report.ts';
import { readAnyWorkload, type Workload, type WorkloadRules } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { type ListDeps, listWorkloads } from '../reading/list.ts';
import type { Listed } from '../reading/workload-list.ts';
import { workloadRules } from '../reading/workload-rules.ts';

export interface FoundWorkloads {
  /** Those that carry anything, in no order. */
  readonly workloads: readonly Workload[];
  readonly problems: readonly ListProblem[];
  /** Workloads whose metadata says that they answer for no owner reference; what else they carry is not known. */
  readonly alsoNotSeen: readonly ListProblem[];
}

/** The settings that a release reads workloads with. What opted a workload in does not matter. */
export function releaseRules(settings: Settings): WorkloadRules {
  return workloadRules({ ...settings, compatibility: [] });
}

/** Finds the workloads that carry what wave-cron has written. Used once. */
export class TracedWorkloads {
  readonly #settings: Settings;
  readonly #rules: WorkloadRules;
  readonly #annotations: boolean;
  readonly #ofOtherPrefixes = new Set<string>();

  /** @param annotations whether the annotations of the template count, too */
  constructor(settings: Settings, annotations: boolean) {
    this.#settings = settings;
    this.#rules = releaseRules(settings);
    this.#annotations = annotations;
  }

  /** The uids of those that a wave-cron with another annotation prefix answers for. */
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

  /** @throws UnreachableError if it cannot be read */
  async get(only: WorkloadName, { cluster, signal }: ListDeps): Promise<FoundWorkloads> {
    const { kind, name } = only;
    const nothing = { workloads: [], problems: [], alsoNotSeen: [] };
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
    const { hasAdopted, hasHistory, hasWritten } = workload;
    const ofHash = carriesHashAnnotations(workload) || hasAdopted || hasHistory || hasWritten;
    return answersForReferences(workload) || (this.#annotations && ofHash);
  }

  #found({ workloads, problems, unread, tooLarge }: Listed): FoundWorkloads {
    // What it carries is as unknown as in a list that was refused.
    const unknown = unread.map((each) => problem(each, describeError(each.error)));
    const notSeen = (kept: boolean) =>
      tooLarge
        .filter((each) => each.kept === kept)
        .map((each) => problem(each, 'it is too large to be read'));
    return {
      workloads,
      problems: [...problems, ...unknown, ...notSeen(true)],
      alsoNotSeen: this.#annotations ? notSeen(false) : [],
    };
  }
}

/** Whether owner references to it are recorded on it, or may be there. */
export function answersForReferences(workload: Workload): boolean {
  return planRelease(workload, new Set(), true) !== undefined;
}

function problem(workload: WorkloadName, why: string): ListProblem {
  return { what: objectTitle(workload), why };
}

/**
 * Whether the template carries an annotation that can be taken off. One that is being deleted takes
 * its template with it.
 */
export function carriesHashAnnotations({ template, deleting }: Workload): boolean {
  return !deleting && (template.hash !== undefined || template.sources !== undefined);
}

/**
 * Whether a wave-cron with another annotation prefix has marked for it, too: what managedFields say
 * of a mark is the same for both.
 */
function hasOtherRecord({ metadata }: WorkloadObject, ownedSources: string): boolean {
  const suffix = ownedSources.slice(ownedSources.indexOf('/'));
  return Object.keys(metadata?.annotations ?? {}).some(
    (key) => key !== ownedSources && key.endsWith(suffix),
  );
}
