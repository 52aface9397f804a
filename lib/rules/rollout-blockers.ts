import type { ManagedFields, WorkloadObject } from '../kubernetes/objects.ts';
import { quote } from '../text/quote.ts';
import type { WorkloadKind } from './workload.ts';

/** How many Pods of a workload run with its template, according to its status. */
export interface Progress {
  /** Desired Pods. */
  readonly desired: number;
  /** Existing Pods. */
  readonly existing: number;
  /** Existing Pods with the current template. */
  readonly updated: number;
  readonly available: number;
}

type Spec = NonNullable<WorkloadObject['spec']>;

/**
 * Undefined until its controller has observed the last change, because the status describes an
 * earlier template.
 */
export function progressOf(
  kind: WorkloadKind,
  { metadata, spec, status }: WorkloadObject,
): Progress | undefined {
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return undefined;
  if (kind === 'DaemonSet') {
    return {
      desired: status?.desiredNumberScheduled ?? 0,
      existing: status?.currentNumberScheduled ?? 0,
      updated: status?.updatedNumberScheduled ?? 0,
      available: status?.numberAvailable ?? 0,
    };
  }
  return {
    desired: spec?.replicas ?? 1,
    existing: status?.replicas ?? 0,
    updated: status?.updatedReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
  };
}

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

/**
 * Everything in the spec and status of a workload that prevents its Pods from running with its
 * template, as sentences. Pure.
 */
export function rolloutBlockers(
  kind: WorkloadKind,
  object: WorkloadObject,
  now: Date,
): readonly string[] {
  const spec = object.spec ?? {};
  const progress = progressOf(kind, object);
  const settings = [
    ...(kind === 'Deployment' && spec.paused === true
      ? ['it is paused: Pods restart when it is resumed']
      : []),
    ...(kind !== 'Deployment' && spec.updateStrategy?.type === 'OnDelete'
      ? ['its update strategy is OnDelete: Pods restart when they are deleted']
      : []),
    ...(kind === 'StatefulSet' ? byPartition(spec) : []),
  ];
  if (progress === undefined) return [...settings, ...unseen(object, now)];
  if (kind === 'Deployment') return [...settings, ...ofDeployment(object, progress)];
  if (spec.updateStrategy?.type === 'OnDelete') return settings;
  const ofKind = kind === 'StatefulSet' ? ofStatefulSet : ofDaemonSet;
  return [...settings, ...ofKind(spec, progress)];
}

function byPartition({ replicas, updateStrategy }: Spec): string[] {
  const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
  const held = Math.min(partition, replicas ?? 1);
  if (updateStrategy?.type === 'OnDelete' || held <= 0) return [];
  return [
    `the partition of its update strategy is ${partition}: ${held === 1 ? 'its first Pod keeps its template' : `its first ${held} Pods keep their template`}`,
  ];
}

/** A running controller observes a change within a moment. */
const seenWithinMs = 30_000;

function unseen({ metadata, status }: WorkloadObject, now: Date): string[] {
  const changedAt = lastWrite(metadata?.managedFields);
  if (changedAt === undefined || now.getTime() - Date.parse(changedAt) < seenWithinMs) return [];
  return [
    `its controller has not observed the change at ${changedAt} (generation ${metadata?.generation}, observed ${status?.observedGeneration ?? 0}): check that kube-controller-manager is running`,
  ];
}

/** The last write of anything but the status. */
function lastWrite(managedFields: readonly ManagedFields[] | null | undefined): string | undefined {
  return (managedFields ?? [])
    .flatMap(({ time, subresource }) => (subresource || !time ? [] : [time]))
    .sort()
    .at(-1);
}

/** The value of the API server for a Deployment without a deadline. */
const noDeadline = 2_147_483_647;

function ofDeployment({ spec, status }: WorkloadObject, progress: Progress): string[] {
  const condition = (type: string) => status?.conditions?.find((each) => each.type === type);
  const progressing = condition('Progressing');
  const failure = condition('ReplicaFailure');
  const { progressDeadlineSeconds: deadline } = spec ?? {};
  const blockers: string[] = [];
  if (progressing?.status === 'False') {
    const reason = progressing.reason ?? '';
    const late = reason === 'ProgressDeadlineExceeded';
    blockers.push(
      late
        ? `its rollout exceeded its deadline of ${deadline ?? 600} s (ProgressDeadlineExceeded): ${progressInWords(progress)}`
        : `its rollout does not progress (${quote(reason)}): ${quote(progressing.message ?? '')}`,
    );
  } else if (deadline === noDeadline && isWaiting(progress)) {
    blockers.push(
      `its rollout waits for Pods to become available, and has no deadline: ${progressInWords(progress)}`,
    );
  }
  if (failure?.status === 'True') {
    blockers.push(
      `Pods cannot be created (${quote(failure.reason ?? '')}): ${quote(failure.message ?? '')}`,
    );
  }
  return blockers;
}

function isWaiting(progress: Progress): boolean {
  return isBehind(progress) && progress.available < Math.max(progress.desired, progress.existing);
}

function ofStatefulSet(
  { updateStrategy, podManagementPolicy }: Spec,
  progress: Progress,
): string[] {
  const { desired, existing, updated, available } = progress;
  const held = Math.min(updateStrategy?.rollingUpdate?.partition ?? 0, desired);
  if (updated >= Math.max(desired, existing) - held) return [];
  const blockers: string[] = [];
  if (existing < desired) {
    blockers.push(
      `only ${existing} of its ${desired} Pods exist: the others cannot be created, or wait for these`,
    );
  }
  const unready = existing - available;
  if (unready > 0) {
    blockers.push(
      `its rollout waits for ${unready === 1 ? 'a Pod that is' : `${unready} Pods that are`} not available: ${progressInWords(progress)}${podManagementPolicy === 'Parallel' ? '' : `; ${brokenForEver}`}`,
    );
  }
  return blockers;
}

/** Why deleting a Pod manually may be the only way. `explain` names the Pod. */
const brokenForEver =
  'with podManagementPolicy OrderedReady, a Pod of an earlier template is not replaced, even after a correction (kubernetes#67250): delete it with kubectl delete pod';

function ofDaemonSet({ updateStrategy }: Spec, progress: Progress): string[] {
  const { desired, existing, available } = progress;
  if (!isBehind(progress)) return [];
  const blockers: string[] = [];
  if (existing < desired) {
    blockers.push(`${desired - existing} of its ${desired} nodes have no Pod`);
  }
  const { maxUnavailable = 1, maxSurge } = updateStrategy?.rollingUpdate ?? {};
  const unavailable = desired - available;
  const most = inPods(maxUnavailable ?? 1, desired);
  if (unavailable > 0 && unavailable >= most) {
    blockers.push(
      `its rollout waits for ${unavailable === 1 ? 'a Pod that is' : `${unavailable} Pods that are`} not available, and maxUnavailable is ${maxUnavailable}: ${progressInWords(progress)}`,
    );
  } else if (inPods(maxSurge ?? 0, desired) > 0) {
    blockers.push(
      `its rollout waits for new Pods to become available in addition to the old ones (maxSurge ${maxSurge}): ${progressInWords(progress)}`,
    );
  }
  return blockers;
}

/** A number or a percentage, which the controller rounds up. */
function inPods(value: number | string, all: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseFloat(value) * all) / 100);
}
