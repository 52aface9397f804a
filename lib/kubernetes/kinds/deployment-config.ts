import type { WorkloadObject } from '../objects.ts';
import type { CustomKindFacts } from './custom-kind.ts';
import {
  areAllAvailable,
  areOthersLeft,
  finished,
  healthy,
  inert,
  isDeadlineExceeded,
  isObserved,
  type KindRollout,
  type Progress,
  pausableReplicas,
  progressing,
  progressProblem,
  type RolloutState,
  replicasProgress,
} from './rollout.ts';
import { unknownPods } from './unknown-kind.ts';

const rollout: KindRollout = {
  ...pausableReplicas,
  blockersOfStatus,
  state,
};

/** A DeploymentConfig of OpenShift. The templates of its ReplicationControllers differ from its own template. */
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
  return condition?.status === 'False' ? [progressProblem(condition)] : [];
}

function state(object: WorkloadObject): RolloutState {
  const { spec, status } = object;
  if (spec?.paused === true || (spec?.replicas ?? 1) === 0) return inert;
  const unfinished = { phase: 'unfinished', failure: 'if late' } as const;
  if (!isObserved(object)) return unfinished;
  const progress = replicasProgress(object);
  if (areAllAvailable(progress)) return healthy;
  const { status: isProgressing, reason, lastTransitionTime } = progressing(status) ?? {};
  if (isProgressing === 'False' || isDeadlineExceeded(object)) {
    return { ...unfinished, failure: 'said', saidAt: Date.parse(lastTransitionTime ?? '') };
  }
  return reason === 'NewReplicationControllerAvailable' && !areOthersLeft(progress)
    ? finished
    : unfinished;
}
