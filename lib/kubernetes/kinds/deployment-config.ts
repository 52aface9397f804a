import { quote } from '../../text/quote.ts';
import type { WorkloadObject } from '../objects.ts';
import type { CustomKindFacts } from './custom-kind.ts';
import {
  finished,
  hasNoReplicas,
  healthy,
  inert,
  isDeadlineExceeded,
  isObserved,
  type KindRollout,
  type Progress,
  progressing,
  type RolloutState,
  replicasProgress,
} from './rollout.ts';
import { unknownPods } from './unknown-kind.ts';

const rollout: KindRollout = {
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

/** A DeploymentConfig of OpenShift. Its ReplicationControllers have other templates than it has itself. */
export const deploymentConfig: CustomKindFacts = {
  kind: 'DeploymentConfig',
  group: 'apps.openshift.io',
  plural: 'deploymentconfigs',
  shortNames: ['dc'],
  revisions: undefined,
  rollout,
  pods: unknownPods,
  whyNotRestarted({ spec, metadata }) {
    if (spec?.triggers?.some(({ type }) => type === 'ConfigChange')) return undefined;
    return `it has no trigger ConfigChange, so a changed pod template starts no rollout: oc -n ${metadata?.namespace} set triggers dc/${metadata?.name} --from-config adds it`;
  },
};

function blockersOfStatus({ status }: WorkloadObject, _: Progress): string[] {
  const condition = progressing(status);
  if (condition?.status !== 'False') return [];
  return [
    `its rollout does not progress (${quote(condition.reason ?? '')}): ${quote(condition.message ?? '')}`,
  ];
}

function state(object: WorkloadObject): RolloutState {
  const { spec, status } = object;
  const desired = spec?.replicas ?? 1;
  if (spec?.paused === true || desired === 0) return inert;
  const unfinished = { phase: 'unfinished', failure: 'if late' } as const;
  if (!isObserved(object)) return unfinished;
  const { updatedReplicas, availableReplicas, replicas } = status ?? {};
  const updated = updatedReplicas ?? 0;
  const areOthersLeft = (replicas ?? 0) > updated;
  if (updated >= desired && !areOthersLeft && (availableReplicas ?? 0) >= desired) return healthy;
  const { status: isProgressing, reason, lastTransitionTime } = progressing(status) ?? {};
  if (isProgressing === 'False' || isDeadlineExceeded(object)) {
    return { ...unfinished, failure: 'said', saidAt: Date.parse(lastTransitionTime ?? '') };
  }
  return reason === 'NewReplicationControllerAvailable' && !areOthersLeft ? finished : unfinished;
}
