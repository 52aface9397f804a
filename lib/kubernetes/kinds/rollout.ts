import type { WorkloadObject } from '../objects.ts';

export type WorkloadSpec = NonNullable<WorkloadObject['spec']>;
export type WorkloadStatus = NonNullable<WorkloadObject['status']>;

/** How far the Pods of a workload follow its template, as far as its status says. */
export interface Progress {
  /** Pods that are to run. */
  readonly desired: number;
  /** Pods that exist. */
  readonly existing: number;
  /** Of these, those of the current template. */
  readonly updated: number;
  readonly available: number;
}

/** When Pods of a changed template start. */
export type PodsFollow = 'at once' | 'when resumed' | 'when deleted';

/** What the controller of a kind does with a changed pod template, and what its status says of that. Pure. */
export interface KindRollout {
  podsFollow(spec: WorkloadSpec): PodsFollow;
  /** Of a status that is of the template as it is. */
  progress(object: WorkloadObject): Progress;
  hasNoPods(status: WorkloadStatus): boolean;
  /** Whether the spec keeps some Pods on an earlier template. */
  keepsSomePods(spec: WorkloadSpec): boolean;
  /** What the spec keeps its Pods from following with, a sentence each. */
  blockersOfSpec(spec: WorkloadSpec): string[];
  /** What its rollout waits for, a sentence each. */
  blockersOfStatus(object: WorkloadObject, progress: Progress): string[];
  /** Whether it replaces no Pod while another one is not available, and its status only counts those. */
  readonly waitsForEachPod: boolean;
}

/** What is known of a workload that controls its Pods, to tell which of them have the template as it is. */
export interface NewestTemplate {
  /** Whether its controller has seen its spec as it is. */
  readonly observed: boolean;
  /**
   * Whether all of its Pods have the template as it is, by its status. False for a workload whose
   * revisions control its Pods: they say so themselves.
   */
  readonly complete: boolean;
  /** Of a StatefulSet: the label of the Pods that have the template as it is. */
  readonly updateRevision: string | undefined;
  /** Of a DaemonSet: as `updateRevision`, but counted, and of a template that was undone, another one. */
  readonly generation: string | undefined;
}

/** What its controller wrote on a Pod. */
export interface PodRevision {
  /** Its label `controller-revision-hash`. */
  readonly revision: string | undefined;
  /** Its label `pod-template-generation`. */
  readonly generation: string | undefined;
}

/** Who controls the Pods of a kind, and how those of the newest template are told from others. */
export type PodControl =
  | { readonly controlledBy: 'revision' }
  | {
      readonly controlledBy: 'workload';
      /** Whether all Pods have the template as it is. */
      isComplete(status: WorkloadStatus): boolean;
      isNewest(pod: PodRevision, newest: NewestTemplate): boolean;
      /** Whether Pods that all have one revision are of the newest template, by the status alone. */
      areNewestIfAlike(newest: NewestTemplate): boolean;
      /** Whether `isComplete` ever holds if Pods are replaced only when they are deleted. */
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

/** Of a kind whose spec has `replicas`. */
export function replicasProgress({ spec, status }: WorkloadObject): Progress {
  return {
    desired: spec?.replicas ?? 1,
    existing: status?.replicas ?? 0,
    updated: status?.updatedReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
  };
}

/** Of a kind whose spec has `replicas`. */
export function hasNoReplicas({ replicas }: WorkloadStatus): boolean {
  return (replicas ?? 0) === 0;
}

/** Of a kind with the update strategy OnDelete. */
export function followsByStrategy(spec: WorkloadSpec): PodsFollow {
  return isOnDelete(spec) ? 'when deleted' : 'at once';
}

export function isOnDelete({ updateStrategy }: WorkloadSpec): boolean {
  return updateStrategy?.type === 'OnDelete';
}

export function onDeleteBlocker(spec: WorkloadSpec): string[] {
  return isOnDelete(spec)
    ? ['its update strategy is OnDelete: Pods restart when they are deleted']
    : [];
}
