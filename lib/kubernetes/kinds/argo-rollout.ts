import { quote } from '../../text/quote.ts';
import type { WorkloadObject } from '../objects.ts';
import { replicaSets } from './built-in.ts';
import type { CustomKindFacts } from './custom-kind.ts';
import type { TemplateOwner } from './entry.ts';
import {
  finished,
  healthy,
  inert,
  isBehind,
  isObserved,
  type KindRollout,
  type PodsFollow,
  type Progress,
  pausableReplicas,
  progressInWords,
  progressing,
  progressProblem,
  type RolloutState,
  type WorkloadSpec,
} from './rollout.ts';

/** A Rollout of Argo Rollouts. */
const rollout: KindRollout = {
  ...pausableReplicas,
  podsFollow,
  blockersOfStatus,
  state,
};

export const argoRollout: CustomKindFacts = {
  kind: 'Rollout',
  group: 'argoproj.io',
  plural: 'rollouts',
  shortNames: ['ro'],
  revisions: replicaSets('rollout.argoproj.io'),
  rollout,
  pods: {
    controlledBy: 'revision',
    // The template cannot be compared with that of a ReplicaSet: the API server sets defaults only in the
    // ReplicaSet.
    newest: {
      label: 'rollouts-pod-template-hash',
      hashOf: ({ currentPodHash }) => currentPodHash ?? undefined,
    },
  },
  whyNotRestarted(object) {
    const { kind, name } = object.spec?.workloadRef ?? {};
    if (name == null) return undefined;
    const owner = templateOwner(object);
    return owner === undefined
      ? `its pod template is that of ${quote(kind ?? '')} ${quote(name)}, which its workloadRef names, and wave-cron does not handle that kind: use a Deployment instead`
      : `its pod template is that of ${owner.kind} ${quote(name)}, which its workloadRef names: opt in that ${owner.kind} instead`;
  },
  restartPatch: (restartAt) => ({ spec: { restartAt } }),
  templateOwner,
  withoutTheRest,
};

function templateOwner({ spec }: WorkloadObject): TemplateOwner | undefined {
  const { apiVersion, kind, name } = spec?.workloadRef ?? {};
  const isDeployment = apiVersion?.startsWith('apps/') === true && kind === 'Deployment';
  return isDeployment && name != null ? { kind, name } : undefined;
}

/**
 * The maximum length of quoted text. A tenant can make the steps and messages of a Rollout large.
 */
const longestText = 200;
const mostReasons = 5;

function withoutTheRest({ metadata, spec, status }: WorkloadObject): WorkloadObject {
  const { name, namespace, uid, generation } = metadata ?? {};
  const { paused, replicas, progressDeadlineSeconds, restartAt } = spec ?? {};
  const { observedGeneration, workloadObservedGeneration, currentStepIndex } = status ?? {};
  const { replicas: existing, updatedReplicas, availableReplicas, phase, abort } = status ?? {};
  const { abortedAt, currentPodHash, stableRS, restartedAt } = status ?? {};
  const pauses = (status?.pauseConditions ?? []).slice(0, mostReasons);
  const conditions = (status?.conditions ?? []).filter(({ type }) => type === 'Progressing');
  return {
    metadata: { name, namespace, uid, generation },
    spec: {
      ...{ paused, replicas, progressDeadlineSeconds, restartAt: cut(restartAt) },
      strategy: waitsForPromotion(spec ?? {}) ? { blueGreen: { autoPromotionEnabled: false } } : {},
    },
    status: {
      ...{ observedGeneration, workloadObservedGeneration, currentStepIndex, phase, abort },
      ...{ replicas: existing, updatedReplicas, availableReplicas },
      ...{ abortedAt, currentPodHash, stableRS, restartedAt: cut(restartedAt) },
      message: cut(status?.message),
      pauseConditions: pauses.map(({ reason }) => ({ reason: cut(reason) })),
      conditions: conditions.slice(0, 1).map(({ message, reason, ...rest }) => ({
        ...rest,
        ...{ message: cut(message), reason: cut(reason) },
      })),
    },
  };
}

function cut(text: string | null | undefined): string | undefined {
  return text?.slice(0, longestText);
}

/** The controller's default, in seconds. */
const usualDeadline = 600;

function podsFollow({ spec, status }: WorkloadObject): PodsFollow {
  if (spec?.paused === true) return 'when resumed';
  const isUnderWay = (status?.currentStepIndex ?? 0) > 0 && !isPromoted(status);
  if (isUnderWay) return 'from the first step';
  return waitsForPromotion(spec ?? {}) ? 'when promoted' : 'at once';
}

function waitsForPromotion({ strategy }: WorkloadSpec): boolean {
  const { blueGreen, canary } = strategy ?? {};
  return (
    blueGreen?.autoPromotionEnabled === false ||
    canary?.steps?.some(({ pause }) => pause != null && pause.duration == null) === true
  );
}

/**
 * Whether the ReplicaSet with the current template is also the stable ReplicaSet, to which an abort
 * would return.
 */
function isPromoted(status: WorkloadObject['status']): boolean {
  return status?.stableRS != null && status.stableRS === status.currentPodHash;
}

/** Whether the controller of the Rollout still has to replace Pods that are older than `restartAt`. */
function isRestarting({ spec, status }: WorkloadObject): boolean {
  return spec?.restartAt != null && spec.restartAt !== status?.restartedAt;
}

function isPaused({ status }: WorkloadObject): boolean {
  return (status?.pauseConditions ?? []).length > 0;
}

function blockersOfStatus(object: WorkloadObject, progress: Progress): string[] {
  const { status } = object;
  if (status?.abort === true) {
    return [
      `its rollout was aborted, and its Pods have the earlier template: ${quote(status.message ?? '')}`,
    ];
  }
  if (isPaused(object) && !isPromoted(status)) {
    const reasons = status?.pauseConditions?.flatMap(({ reason }) => reason ?? []) ?? [];
    return [
      `its rollout is paused (${reasons.map((reason) => quote(reason)).join(', ')}): the other Pods restart when it is promoted; ${progressInWords(progress)}`,
    ];
  }
  if (isRestarting(object)) {
    return [
      `its controller still has to restart the Pods that are older than ${quote(object.spec?.restartAt ?? '')}, and waits while others are not available`,
    ];
  }
  const condition = progressing(status);
  return condition?.status === 'False' && isBehind(progress) ? [progressProblem(condition)] : [];
}

/**
 * A pause in a canary is a decision of a person. So it is not a failure, and no workload waits for the end of
 * such a rollout.
 */
function state(object: WorkloadObject): RolloutState {
  const { spec, status } = object;
  if (spec?.paused === true || (spec?.replicas ?? 1) === 0) return inert;
  const deadline = spec?.progressDeadlineSeconds ?? usualDeadline;
  const unfinished = {
    phase: 'unfinished',
    failure: 'not known',
    ownDeadlineMs: deadline * 1000,
  } as const;
  if (!isObserved(object)) return unfinished;
  if (status?.abort === true || status?.phase === 'Degraded') {
    const saidAt = status.abortedAt ?? progressing(status)?.lastTransitionTime ?? '';
    return { ...unfinished, failure: 'said', saidAt: Date.parse(saidAt) };
  }
  if (status?.phase === 'Paused' || isPaused(object)) return inert;
  if (isRestarting(object)) return { ...unfinished, failure: 'if late' };
  if (status?.phase === 'Healthy' && isPromoted(status)) return healthy;
  return isPromoted(status) ? finished : unfinished;
}
