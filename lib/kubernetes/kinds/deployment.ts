import { quote } from '../../text/quote.ts';
import type { WorkloadObject } from '../objects.ts';
import {
  finished,
  hasNoReplicas,
  healthy,
  inert,
  isBehind,
  isDeadlineExceeded,
  isObserved,
  type KindRollout,
  type Progress,
  progressInWords,
  progressing,
  type RolloutState,
  replicasProgress,
} from './rollout.ts';

export const deploymentRollout: KindRollout = {
  isReported: true,
  podsFollow: ({ spec }) => (spec?.paused === true ? 'when resumed' : 'at once'),
  progress: replicasProgress,
  hasNoPods: hasNoReplicas,
  keepsSomePods: () => false,
  blockersOfSpec: ({ paused }) =>
    paused === true ? ['it is paused: Pods restart when it is resumed'] : [],
  blockersOfStatus,
  waitsForEachPod: false,
  state,
};

/** Means that a Deployment has no progress deadline. */
const noDeadline = 2_147_483_647;

/** The default of the API server, in seconds. */
const usualDeadline = 600;

function blockersOfStatus(object: WorkloadObject, progress: Progress): string[] {
  const { spec, status } = object;
  const condition = progressing(status);
  const failure = status?.conditions?.find((each) => each.type === 'ReplicaFailure');
  const { progressDeadlineSeconds: deadline } = spec ?? {};
  const blockers: string[] = [];
  if (condition?.status === 'False') {
    blockers.push(
      isDeadlineExceeded(object)
        ? `its rollout exceeded its deadline of ${deadline ?? usualDeadline} s (ProgressDeadlineExceeded): ${progressInWords(progress)}`
        : `its rollout does not progress (${quote(condition.reason ?? '')}): ${quote(condition.message ?? '')}`,
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

function state(object: WorkloadObject): RolloutState {
  const { spec, status } = object;
  const desired = spec?.replicas ?? 1;
  if (spec?.paused === true || desired === 0) return inert;
  const deadline = spec?.progressDeadlineSeconds ?? usualDeadline;
  const own = deadline === noDeadline ? {} : { ownDeadlineMs: deadline * 1000 };
  const unfinished = { phase: 'unfinished', failure: 'not known', ...own } as const;
  if (!isObserved(object)) return unfinished;
  const updated = status?.updatedReplicas ?? 0;
  const areOthersLeft = (status?.replicas ?? 0) > updated;
  if (updated >= desired && !areOthersLeft && (status?.availableReplicas ?? 0) >= desired) {
    return healthy;
  }
  const { reason, lastTransitionTime } = progressing(status) ?? {};
  if (isDeadlineExceeded(object)) {
    return { ...unfinished, failure: 'said', saidAt: Date.parse(lastTransitionTime ?? '') };
  }
  // The condition stays when Pods fail after a complete rollout.
  return reason === 'NewReplicaSetAvailable' && !areOthersLeft ? finished : unfinished;
}
