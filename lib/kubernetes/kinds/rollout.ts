import { quote } from '../../text/quote.ts';
import type { WorkloadObject } from '../objects.ts';

export type WorkloadSpec = NonNullable<WorkloadObject['spec']>;
export type WorkloadStatus = NonNullable<WorkloadObject['status']>;
type WorkloadCondition = NonNullable<WorkloadStatus['conditions']>[number];

/** The progress of a rollout, according to the status of the workload. */
export interface Progress {
  /** The number of Pods that should run. */
  readonly desired: number;
  /** The number of Pods that exist. */
  readonly existing: number;
  /** The number of existing Pods with the current template. */
  readonly updated: number;
  readonly available: number;
}

/**
 * When the controller starts Pods with a changed template.
 *
 * - `when promoted`: it starts some of them, and the others after a person has promoted the rollout.
 * - `from the first step`: it is in the middle of a rollout, whose steps start again.
 * - `unknown`: it is not known how the controller works.
 */
export type PodsFollow =
  | 'at once'
  | 'when resumed'
  | 'when deleted'
  | 'when promoted'
  | 'from the first step'
  | 'unknown';

/**
 * How the controller of a kind rolls out a changed pod template, and how its status reports that.
 * Pure.
 */
export interface KindRollout {
  /** Whether the status reports the progress; false for an unknown kind. */
  readonly isReported: boolean;
  podsFollow(object: WorkloadObject): PodsFollow;
  /** The status must belong to the current template. */
  progress(object: WorkloadObject): Progress;
  hasNoPods(status: WorkloadStatus): boolean;
  /** Whether the spec keeps some Pods on an earlier template. */
  keepsSomePods(spec: WorkloadSpec): boolean;
  /**
   * The fields of the spec that prevent the Pods of the workload from getting the current template,
   * as sentences.
   */
  blockersOfSpec(spec: WorkloadSpec): string[];
  /** The causes for which the rollout of the workload waits, as sentences. */
  blockersOfStatus(object: WorkloadObject, progress: Progress): string[];
  /**
   * Whether the controller waits until all other Pods are available before it replaces a Pod. The
   * status contains only the number of Pods that are not available, and does not name them.
   */
  readonly waitsForEachPod: boolean;
  /** The state of the workload's rollout. */
  state(object: WorkloadObject): RolloutState;
}

/** The state of a rollout, according to the spec and status of its workload. */
export interface RolloutState {
  /**
   * - `inert`: the controller does not replace all Pods, because the workload is paused, or has the update
   *   strategy OnDelete, a partition or no replicas. Such a rollout takes no place in the queue, and does not
   *   show whether a version is good.
   * - `unfinished`: Pods of the newest template are missing or not available, or Pods of earlier ones are left.
   * - `finished`: the rollout was complete, but not all Pods are available now.
   * - `healthy`: all Pods have the newest template and are available.
   */
  readonly phase: 'inert' | 'unfinished' | 'finished' | 'healthy';
  /**
   * - `said`: the controller reports a failure.
   * - `if late`: the rollout has failed if its deadline is over.
   * - `not known`: nothing shows whether it has failed.
   */
  readonly failure: 'said' | 'if late' | 'not known';
  /** The time since when the controller reports the failure, in milliseconds since 1970. */
  readonly saidAt?: number;
  /**
   * The progress deadline of the workload, in milliseconds; undefined if the workload has no
   * deadline.
   */
  readonly ownDeadlineMs?: number;
  /** The Pod that the controller waits for and does not replace by itself: see kubernetes#67250. */
  readonly waitsForPod?: string;
}

export const inert: RolloutState = { phase: 'inert', failure: 'not known' };
export const healthy: RolloutState = { phase: 'healthy', failure: 'not known' };
export const finished: RolloutState = { phase: 'finished', failure: 'not known' };

/** Whether the controller has observed the current spec. If not, the status belongs to an earlier template. */
export function isObserved({ metadata, status }: WorkloadObject): boolean {
  // Any client may have written the text.
  return Number(status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
}

/**
 * Whether the condition `Progressing` of a Deployment says that its rollout has exceeded the
 * progress deadline. Other kinds have no such condition.
 */
export function isDeadlineExceeded({ status }: WorkloadObject): boolean {
  return progressing(status)?.reason === 'ProgressDeadlineExceeded';
}

export function progressing(status: WorkloadObject['status']) {
  return status?.conditions?.find(({ type }) => type === 'Progressing');
}

/** The reason why a rollout does not progress, according to the condition `Progressing`. */
export function progressProblem({ reason, message }: WorkloadCondition): string {
  return `its rollout does not progress (${quote(reason ?? '')}): ${quote(message ?? '')}`;
}

/**
 * Facts about a workload that controls its Pods. They show which Pods have the current template.
 */
export interface NewestTemplate {
  /** Whether the controller has observed the current spec of the workload. */
  readonly observed: boolean;
  /**
   * Whether all Pods of the workload have the current template, according to its status. Always
   * false if revisions control the Pods, because each revision has its own status.
   */
  readonly complete: boolean;
  /** The value of the revision label on Pods with the current template. Only for a StatefulSet. */
  readonly updateRevision: string | undefined;
  /**
   * The hash in the label of the newest ReplicaSet; undefined until the ReplicaSet is observed.
   * Only for a Rollout.
   */
  readonly podHash?: string | undefined;
  /**
   * The number of the template. A rollback to an earlier template gets a new number. Only for a
   * DaemonSet.
   */
  readonly generation: string | undefined;
}

/** The labels that a controller set on its Pod. */
export interface PodRevision {
  /** The label `controller-revision-hash` of the Pod. */
  readonly revision: string | undefined;
  /** The label `pod-template-generation` of the Pod. */
  readonly generation: string | undefined;
}

/** Which object controls the Pods of a kind, and how to find the Pods with the newest template. */
export type PodControl =
  | {
      readonly controlledBy: 'revision';
      /**
       * How to find the ReplicaSet with the current template. Absent: its template equals that of the
       * workload, because the API server sets the same defaults in both.
       */
      readonly newest?: {
        /** The label of a ReplicaSet with a hash of its template. */
        readonly label: string;
        /** The hash of the template that the controller has observed. */
        hashOf(status: WorkloadStatus): string | undefined;
      };
    }
  /**
   * The controller of the Pods is not known. So it is not known which Pods have the newest
   * template.
   */
  | { readonly controlledBy: 'unknown' }
  | {
      readonly controlledBy: 'workload';
      /** Whether all Pods have the current template. */
      isComplete(status: WorkloadStatus): boolean;
      isNewest(pod: PodRevision, newest: NewestTemplate): boolean;
      /**
       * If all Pods have the same revision, whether the status alone shows that this revision is
       * the newest revision.
       */
      areNewestIfAlike(newest: NewestTemplate): boolean;
      /** Whether `isComplete` can become true with the update strategy OnDelete. */
      readonly completesWhenDeleted: boolean;
    };

/** Whether Pods of an earlier template exist, or Pods are missing. */
export function isBehind({ desired, existing, updated }: Progress): boolean {
  return updated < Math.max(desired, existing);
}

export function progressInWords(progress: Progress | undefined): string {
  if (progress === undefined) return 'unknown: its controller has not observed the last change yet';
  const { desired, existing, updated, available } = progress;
  if (desired === 0 && existing === 0) return 'none: it is scaled to zero, or no node matches';
  const all = Math.max(desired, existing);
  return `${updated} of ${all} have the current template, ${available} available`;
}

/** The progress of a workload with `spec.replicas`. */
export function replicasProgress({ spec, status }: WorkloadObject): Progress {
  return {
    desired: spec?.replicas ?? 1,
    existing: status?.replicas ?? 0,
    updated: status?.updatedReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
  };
}

/** Whether a workload with `spec.replicas` has no replicas. */
export function hasNoReplicas({ replicas }: WorkloadStatus): boolean {
  return (replicas ?? 0) === 0;
}

/** Whether Pods of an earlier template are left. */
export function areOthersLeft({ existing, updated }: Progress): boolean {
  return existing > updated;
}

/** Whether all Pods have the current template and are available. */
export function areAllAvailable(progress: Progress): boolean {
  const { desired, updated, available } = progress;
  return updated >= desired && !areOthersLeft(progress) && available >= desired;
}

/**
 * The facts of a kind with `spec.replicas` and `spec.paused` that replaces all Pods of a workload.
 */
export const pausableReplicas = {
  isReported: true,
  podsFollow: ({ spec }) => (spec?.paused === true ? 'when resumed' : 'at once'),
  progress: replicasProgress,
  hasNoPods: hasNoReplicas,
  keepsSomePods: () => false,
  blockersOfSpec: ({ paused }) =>
    paused === true ? ['it is paused: Pods restart when it is resumed'] : [],
  waitsForEachPod: false,
} satisfies Omit<KindRollout, 'blockersOfStatus' | 'state'>;

/** When Pods follow the template, for a kind that supports the update strategy OnDelete. */
export function followsByStrategy({ spec }: WorkloadObject): PodsFollow {
  return isOnDelete(spec ?? {}) ? 'when deleted' : 'at once';
}

export function isOnDelete({ updateStrategy }: WorkloadSpec): boolean {
  return updateStrategy?.type === 'OnDelete';
}

export function onDeleteBlocker(spec: WorkloadSpec): string[] {
  return isOnDelete(spec)
    ? ['its update strategy is OnDelete: Pods restart when they are deleted']
    : [];
}
