import type { WorkloadObject } from '../objects.ts';
import {
  followsByStrategy,
  healthy,
  inert,
  isBehind,
  isObserved,
  isOnDelete,
  type KindRollout,
  onDeleteBlocker,
  type PodControl,
  type Progress,
  progressInWords,
  type RolloutState,
  type WorkloadStatus,
} from './rollout.ts';

export const daemonSetRollout: KindRollout = {
  isReported: true,
  podsFollow: followsByStrategy,
  progress,
  hasNoPods: ({ currentNumberScheduled, numberMisscheduled }) =>
    (currentNumberScheduled ?? 0) + (numberMisscheduled ?? 0) === 0,
  keepsSomePods: () => false,
  blockersOfSpec: onDeleteBlocker,
  blockersOfStatus,
  waitsForEachPod: false,
  state,
};

export const daemonSetPods: PodControl = {
  controlledBy: 'workload',
  isComplete,
  isNewest: (pod, { generation }) => pod.generation === generation,
  // After a rollback, the template has another generation than the Pods that were started with it.
  areNewestIfAlike: ({ observed, complete }) => observed && complete,
  completesWhenDeleted: true,
};

function progress({ status }: WorkloadObject): Progress {
  return {
    desired: status?.desiredNumberScheduled ?? 0,
    existing: status?.currentNumberScheduled ?? 0,
    updated: status?.updatedNumberScheduled ?? 0,
    available: status?.numberAvailable ?? 0,
  };
}

function isComplete(status: WorkloadStatus): boolean {
  const desired = status.desiredNumberScheduled ?? 0;
  return (
    (status.updatedNumberScheduled ?? 0) === desired &&
    (status.currentNumberScheduled ?? 0) === desired &&
    (status.numberMisscheduled ?? 0) === 0
  );
}

function blockersOfStatus({ spec }: WorkloadObject, progress: Progress): string[] {
  const { desired, existing, available } = progress;
  if (isOnDelete(spec ?? {}) || !isBehind(progress)) return [];
  const blockers: string[] = [];
  if (existing < desired) {
    blockers.push(`${desired - existing} of its ${desired} nodes have no Pod`);
  }
  const { maxUnavailable = 1, maxSurge } = spec?.updateStrategy?.rollingUpdate ?? {};
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

/**
 * If all Pods have the newest template and some Pods are available, the other Pods are more likely unavailable
 * because of a broken node than because of a bad configuration.
 */
function state(object: WorkloadObject): RolloutState {
  const { spec, status } = object;
  if (spec?.updateStrategy?.type === 'OnDelete') return inert;
  const unfinished = { phase: 'unfinished', failure: 'if late' } as const;
  if (!isObserved(object)) return unfinished;
  const desired = status?.desiredNumberScheduled ?? 0;
  if (desired === 0) return inert;
  const updated = status?.updatedNumberScheduled ?? 0;
  const available = status?.numberAvailable ?? 0;
  if (updated < desired || available === 0) return unfinished;
  return available >= desired ? healthy : { ...unfinished, failure: 'not known' };
}
