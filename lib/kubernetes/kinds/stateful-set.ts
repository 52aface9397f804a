import type { WorkloadObject } from '../objects.ts';
import {
  finished,
  followsByStrategy,
  hasNoReplicas,
  healthy,
  inert,
  isObserved,
  isOnDelete,
  type KindRollout,
  onDeleteBlocker,
  type PodControl,
  type Progress,
  progressInWords,
  type RolloutState,
  replicasProgress,
  type WorkloadSpec,
} from './rollout.ts';

export const statefulSetRollout: KindRollout = {
  isReported: true,
  podsFollow: followsByStrategy,
  progress: replicasProgress,
  hasNoPods: hasNoReplicas,
  keepsSomePods: (spec) => partitionOf(spec) > 0,
  blockersOfSpec: (spec) => [...onDeleteBlocker(spec), ...byPartition(spec)],
  blockersOfStatus,
  waitsForEachPod: true,
  state,
};

export const statefulSetPods: PodControl = {
  controlledBy: 'workload',
  isComplete: ({ currentRevision, updateRevision }) =>
    currentRevision != null && currentRevision === updateRevision,
  isNewest: ({ revision }, { observed, updateRevision }) => observed && revision === updateRevision,
  areNewestIfAlike: () => false,
  completesWhenDeleted: false,
};

/** The number of Pods that keep an earlier template. */
function partitionOf({ updateStrategy }: WorkloadSpec): number {
  return updateStrategy?.rollingUpdate?.partition ?? 0;
}

function byPartition(spec: WorkloadSpec): string[] {
  const partition = partitionOf(spec);
  const held = Math.min(partition, spec.replicas ?? 1);
  if (isOnDelete(spec) || held <= 0) return [];
  return [
    `the partition of its update strategy is ${partition}: ${held === 1 ? 'its first Pod keeps its template' : `its first ${held} Pods keep their template`}`,
  ];
}

function blockersOfStatus({ spec }: WorkloadObject, progress: Progress): string[] {
  if (isOnDelete(spec ?? {})) return [];
  const { desired, existing, updated, available } = progress;
  const held = Math.min(partitionOf(spec ?? {}), desired);
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
      `its rollout waits for ${unready === 1 ? 'a Pod that is' : `${unready} Pods that are`} not available: ${progressInWords(progress)}${spec?.podManagementPolicy === 'Parallel' ? '' : `; ${brokenForEver}`}`,
    );
  }
  return blockers;
}

/** Why a Pod may have to be deleted by hand. `explain` names the Pod. */
const brokenForEver =
  'with podManagementPolicy OrderedReady, a Pod of an earlier template is not replaced, even after a correction (kubernetes#67250): delete it with kubectl delete pod';

function state(object: WorkloadObject): RolloutState {
  const { metadata, spec, status } = object;
  const desired = spec?.replicas ?? 1;
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  if (type === 'OnDelete' || (rollingUpdate?.partition ?? 0) > 0 || desired === 0) return inert;
  const unfinished = { phase: 'unfinished', failure: 'if late' } as const;
  if (!isObserved(object)) return unfinished;
  const { updateRevision, currentRevision, updatedReplicas, availableReplicas } = status ?? {};
  const updated = updatedReplicas ?? 0;
  const areAvailable = (availableReplicas ?? 0) >= desired;
  if (updated >= desired && areAvailable) return healthy;
  // When the rollout is complete, the controller makes both revisions equal. Pods may fail after that.
  if (updateRevision != null && updateRevision === currentRevision) return finished;
  if (spec?.podManagementPolicy === 'Parallel' || (updated === 0 && areAvailable))
    return unfinished;
  // After a correction, the broken Pod has an earlier template. So there may be no updated Pod at all.
  const ordinal = (spec?.ordinals?.start ?? 0) + desired - Math.max(updated, 1);
  return { ...unfinished, waitsForPod: `${metadata?.name}-${ordinal}` };
}
