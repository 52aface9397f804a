import { quote } from '../../text/quote.ts';
import type { WorkloadObject } from '../objects.ts';
import {
  areAllAvailable,
  areOthersLeft,
  finished,
  healthy,
  inert,
  isBehind,
  isDeadlineExceeded,
  isObserved,
  type KindRollout,
  type Progress,
  pausableReplicas,
  progressInWords,
  progressing,
  progressProblem,
  type RolloutState,
  replicasProgress,
} from './rollout.ts';

export const deploymentRollout: KindRollout = {
  ...pausableReplicas,
  blockersOfStatus,
  state,
};

/** A Deployment with this value has no progress deadline. */
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
        : progressProblem(condition),
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
  if (spec?.paused === true || (spec?.replicas ?? 1) === 0) return inert;
  const deadline = spec?.progressDeadlineSeconds ?? usualDeadline;
  const own = deadline === noDeadline ? {} : { ownDeadlineMs: deadline * 1000 };
  const unfinished = { phase: 'unfinished', failure: 'not known', ...own } as const;
  if (!isObserved(object)) return unfinished;
  const progress = replicasProgress(object);
  if (areAllAvailable(progress)) return healthy;
  const { reason, lastTransitionTime } = progressing(status) ?? {};
  if (isDeadlineExceeded(object)) {
    return { ...unfinished, failure: 'said', saidAt: Date.parse(lastTransitionTime ?? '') };
  }
  // After a complete rollout, the condition stays, even if Pods fail later.
  return reason === 'NewReplicaSetAvailable' && !areOthersLeft(progress) ? finished : unfinished;
}
