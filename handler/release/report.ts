import type { SourceName, WorkloadName } from '../../lib/kubernetes/names.ts';
import type { PassReason } from '../../lib/rules/reason.ts';
import type { KindNotServed, ListProblem } from '../../lib/rules/report.ts';

/** The report can be shown to anyone: no field contains the value of a source. */
export interface ReleaseReport {
  readonly release: PassReason;
  /** Why the release did not complete; absent if it did. */
  readonly sentence?: string;
  readonly workloads: readonly ReleasedWorkload[];
  readonly sources: readonly ReleasedSource[];
  /** Workloads that could not be listed or read. */
  readonly listProblems: readonly ListProblem[];
  /** Kinds that the cluster does not have, so there is nothing to release. */
  readonly kindsNotServed: readonly KindNotServed[];
  /**
   * Lists of sources that failed. These sources may have owner references that no workload records.
   */
  readonly notSearched: readonly ListProblem[];
  /** The number of workloads and sources that an interrupted release did not reach. */
  readonly unreached: number;
}

/** The changes of one workload; in a preview, the expected changes. */
export interface ReleasedWorkload extends WorkloadName {
  /**
   * Sources that lost their owner reference to the workload, named as in the record:
   * `ConfigMap/name`.
   */
  readonly sources: readonly string[];
  /** `none`: it had no finalizer. */
  readonly finalizer: 'removed' | 'kept' | 'none';
  /** Names of the removed annotations. */
  readonly annotations: readonly string[];
  /** Whether the pod template of the workload changed, so that its Pods restart. */
  readonly restarts: boolean;
  /** The failures, as sentences. */
  readonly problems: readonly string[];
}

/**
 * The changes of a source whose owner references no workload records; in a preview, the expected
 * ones.
 */
export interface ReleasedSource extends SourceName {
  /**
   * The owners whose references were removed, such as `Deployment/web`; empty if only the reference
   * to a Namespace was removed.
   */
  readonly owners: readonly string[];
  readonly problems: readonly string[];
}

/** Whether everything was released, and nothing could have been missed. */
export function isReleased({ release, workloads, sources, listProblems }: ReleaseReport): boolean {
  return (
    release === 'Completed' &&
    listProblems.length === 0 &&
    [...workloads, ...sources].every(({ problems }) => problems.length === 0)
  );
}

/** The report of a release that ended before it released anything. */
export function nothingReleased(release: PassReason, sentence: string): ReleaseReport {
  return {
    ...{ release, sentence },
    ...{ workloads: [], sources: [], listProblems: [], kindsNotServed: [], notSearched: [] },
    unreached: 0,
  };
}
