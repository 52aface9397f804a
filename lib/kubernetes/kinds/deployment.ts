import { quote } from '../../text/quote.ts';
import type { WorkloadObject } from '../objects.ts';
import {
  finished,
  hasNoReplicas,
  healthy,
  inert,
  isBehind,
  isObserved,
  type KindRollout,
  type Progress,
  progressInWords,
  type RolloutState,
  replicasProgress,
} from './rollout.ts';

export const deploymentRollout: KindRollout = {
  podsFollow: ({ paused }) => (paused === true ? 'when resumed' : 'at once'),
  progress: replicasProgress,
  hasNoPods: hasNoReplicas,
  keepsSomePods: () => false,
  blockersOfSpec: ({ paused }) =>
    paused === true ? ['it is paused: Pods restart when it is resumed'] : [],
  blockersOfStatus,
  waitsForEachPod: false,
  state,
};

/** The default of the API server for a Deployment without this field. */
const noDeadline = 2_147_483_647;

function blockersOfStatus({ spec, status }: WorkloadObject, progress: Progress): string[] {
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

/** The API server's default. */
const usualDeadline = 600;

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
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  const { reason, lastTransitionTime } = progressing ?? {};
  if (reason === 'ProgressDeadlineExceeded') {
    return { ...unfinished, failure: 'said', saidAt: Date.parse(lastTransitionTime ?? '') };
  }
  // The condition stays when Pods fail after a complete rollout.
  return reason === 'NewReplicaSetAvailable' && !areOthersLeft ? finished : unfinished;
}
