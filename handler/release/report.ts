import type { SourceName, WorkloadName } from '../../lib/kubernetes/names.ts';
import type { PassReason } from '../../lib/rules/reason.ts';
import type { ListProblem } from '../../lib/rules/report.ts';

/** All of it can be shown to anybody: no field holds the value of a source. */
export interface ReleaseReport {
  readonly release: PassReason;
  /** Why, if it did not complete. */
  readonly sentence?: string;
  readonly workloads: readonly ReleasedWorkload[];
  readonly sources: readonly ReleasedSource[];
  /** Workloads that could not be listed, or not be read. */
  readonly listProblems: readonly ListProblem[];
  /** Sources among which owner references that no workload records could not be looked for. */
  readonly notSearched: readonly ListProblem[];
  /** Workloads and sources that were found, but not reached before it was cut short. */
  readonly unreached: number;
}

/** What was, or would be, removed from one workload. */
export interface ReleasedWorkload extends WorkloadName {
  /** Sources that lost their owner reference to it, as in the record: `ConfigMap/name`. */
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

/** What was, or would be, removed from a source that no workload answers for. */
export interface ReleasedSource extends SourceName {
  /** Whose references went, such as `Deployment/web`; none if it was the namespace's alone. */
  readonly owners: readonly string[];
  readonly problems: readonly string[];
}

/** Whether nothing that was found, or may be there, was left behind. */
export function isReleased({ release, workloads, sources, listProblems }: ReleaseReport): boolean {
  return (
    release === 'Completed' &&
    listProblems.length === 0 &&
    [...workloads, ...sources].every(({ problems }) => problems.length === 0)
  );
}

/** Of a release that did not come to anything. */
export function nothingReleased(release: PassReason, sentence: string): ReleaseReport {
  return {
    ...{ release, sentence },
    ...{ workloads: [], sources: [], listProblems: [], notSearched: [], unreached: 0 },
  };
}
