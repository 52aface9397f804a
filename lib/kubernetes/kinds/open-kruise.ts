import type { WorkloadObject } from '../objects.ts';
import { controllerRevisions } from './built-in.ts';
import type { CustomKindFacts } from './custom-kind.ts';
import {
  areAllAvailable,
  finished,
  hasNoReplicas,
  healthy,
  inert,
  isBehind,
  isObserved,
  type KindRollout,
  type PodControl,
  type Progress,
  progressInWords,
  type RolloutState,
  replicasProgress,
  type WorkloadSpec,
} from './rollout.ts';
import { statefulSetPods, statefulSetRollout } from './stateful-set.ts';

const group = 'apps.kruise.io';
const revisions = { ...controllerRevisions, isNamedByStatus: true };

const cloneSetRollout: KindRollout = {
  isReported: true,
  podsFollow: ({ spec }) => (spec?.updateStrategy?.paused === true ? 'when resumed' : 'at once'),
  progress: replicasProgress,
  hasNoPods: hasNoReplicas,
  keepsSomePods: (spec) => kept(spec) > 0,
  blockersOfSpec: (spec) => [
    ...(spec.updateStrategy?.paused === true ? [paused] : []),
    ...(kept(spec) > 0
      ? [
          `the partition of its update strategy is ${spec.updateStrategy?.partition}: so many Pods keep their template`,
        ]
      : []),
  ],
  blockersOfStatus,
  waitsForEachPod: false,
  state: cloneSetState,
};

const cloneSetPods: PodControl = {
  controlledBy: 'workload',
  isComplete: ({ currentRevision, updateRevision }) =>
    currentRevision != null && currentRevision === updateRevision,
  isNewest: ({ revision }, { observed, updateRevision }) =>
    // The label contains the name of the revision, or only the end of that name.
    observed &&
    revision !== undefined &&
    (revision === updateRevision || updateRevision?.endsWith(`-${revision}`) === true),
  areNewestIfAlike: () => false,
  completesWhenDeleted: false,
};

/** A CloneSet of OpenKruise. */
export const cloneSet: CustomKindFacts = {
  kind: 'CloneSet',
  group,
  plural: 'clonesets',
  shortNames: ['clone'],
  revisions,
  rollout: cloneSetRollout,
  pods: cloneSetPods,
  whyNotRestarted: ({ spec }) => inPlace('updateStrategy.type', spec?.updateStrategy?.type),
};

/** A StatefulSet of OpenKruise, which is not the StatefulSet of Kubernetes. */
export const advancedStatefulSet: CustomKindFacts = {
  kind: 'StatefulSet',
  group,
  plural: 'statefulsets',
  shortNames: ['asts'],
  revisions,
  rollout: {
    ...statefulSetRollout,
    podsFollow: (object) =>
      isPaused(object.spec ?? {}) ? 'when resumed' : statefulSetRollout.podsFollow(object),
    blockersOfSpec: (spec) => [
      ...(isPaused(spec) ? [paused] : []),
      ...statefulSetRollout.blockersOfSpec(spec),
    ],
    state: advancedState,
  },
  pods: statefulSetPods,
  whyNotRestarted: ({ spec }) =>
    inPlace(
      'updateStrategy.rollingUpdate.podUpdatePolicy',
      spec?.updateStrategy?.rollingUpdate?.podUpdatePolicy,
    ),
};

const paused = 'its update strategy is paused: Pods restart when it is resumed';

/**
 * OpenKruise updates labels and annotations of running Pods if only these have changed: the
 * containers go on with the data that they read.
 */
function inPlace(field: string, value: string | null | undefined): string | undefined {
  if (value !== 'InPlaceIfPossible' && value !== 'InPlaceOnly') return undefined;
  return `its ${field} is ${value}, so OpenKruise changes an annotation of running Pods and restarts none: set it to ReCreate`;
}

function isPaused({ updateStrategy }: WorkloadSpec): boolean {
  return updateStrategy?.rollingUpdate?.paused === true;
}

/** The number of Pods that keep an earlier template. OpenKruise rounds a percentage up. */
function kept({ updateStrategy, replicas }: WorkloadSpec): number {
  const { partition } = updateStrategy ?? {};
  if (typeof partition !== 'string') return partition ?? 0;
  return Math.ceil((Number.parseFloat(partition) * (replicas ?? 1)) / 100);
}

function blockersOfStatus({ spec }: WorkloadObject, progress: Progress): string[] {
  const { desired, existing, updated, available } = progress;
  const isStopped = spec?.updateStrategy?.paused === true;
  if (isStopped || updated >= Math.max(desired, existing) - kept(spec ?? {})) return [];
  return isBehind(progress) && available < desired
    ? [`its rollout waits for Pods that are not available: ${progressInWords(progress)}`]
    : [];
}

function cloneSetState(object: WorkloadObject): RolloutState {
  const { spec, status } = object;
  const desired = spec?.replicas ?? 1;
  if (spec?.updateStrategy?.paused === true || kept(spec ?? {}) > 0 || desired === 0) return inert;
  const unfinished = { phase: 'unfinished', failure: 'if late' } as const;
  if (!isObserved(object)) return unfinished;
  if (areAllAvailable(replicasProgress(object))) return healthy;
  const { currentRevision, updateRevision } = status ?? {};
  return updateRevision != null && updateRevision === currentRevision ? finished : unfinished;
}

function advancedState(object: WorkloadObject): RolloutState {
  if (isPaused(object.spec ?? {})) return inert;
  // A StatefulSet of OpenKruise may skip Pod numbers, so the name of the Pod that it waits for is not known.
  const { waitsForPod: _, ...state } = statefulSetRollout.state(object);
  return state;
}
