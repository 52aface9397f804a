/** The status of a Deployment: the numbers of its Pods, and the progress of its rollout. */
import { type Draft, type JsonMap, mapOf, mapsOf, numberOf, textOf } from '../json.ts';
import type { Stored } from '../store.ts';
import { type ControllerDeps, metadataOf } from './controller.ts';
import { limitsOf } from './deployment-limits.ts';
import {
  conditionIn,
  nowText,
  replicasOf,
  specOf,
  statusOf,
  withCondition,
  withoutCondition,
  withoutZeros,
} from './owned.ts';

/** This value means that the Deployment has no deadline. */
const noDeadline = 2_147_483_647;

export const hasDeadline = (deployment: Stored): boolean =>
  (specOf(deployment)['progressDeadlineSeconds'] ?? noDeadline) !== noDeadline;

const sumOf = (sets: readonly Stored[], field: string): number =>
  sets.reduce((total, each) => total + numberOf(statusOf(each)[field]), 0);

/** The status without the progress of a rollout. */
export function plainStatus(
  deps: ControllerDeps,
  deployment: Stored,
  others: readonly Stored[],
  own: Stored | undefined,
): JsonMap {
  const all = own === undefined ? others : [...others, own];
  const before = statusOf(deployment);
  const available = sumOf(all, 'availableReplicas');
  const wanted = all.reduce((total, each) => total + replicasOf(each), 0);
  const least = replicasOf(deployment) - limitsOf(deployment).unavailable;
  const { collisionCount } = before;
  return {
    ...withoutZeros({
      observedGeneration: numberOf(metadataOf(deployment)['generation']),
      replicas: sumOf(all, 'replicas'),
      updatedReplicas: own === undefined ? 0 : sumOf([own], 'replicas'),
      readyReplicas: sumOf(all, 'readyReplicas'),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, wanted - available),
      conditions: withCondition(
        mapsOf(before['conditions']),
        availability(nowText(deps), available >= least),
      ),
    }),
    ...terminatingIn(all),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
}

/** The number is known only if all sets report it. */
function terminatingIn(sets: readonly Stored[]): Draft {
  const isKnown = sets.every((each) => statusOf(each)['terminatingReplicas'] !== undefined);
  return isKnown ? { terminatingReplicas: sumOf(sets, 'terminatingReplicas') } : {};
}

function availability(now: string, isAvailable: boolean): JsonMap {
  const times = { lastUpdateTime: now, lastTransitionTime: now };
  return isAvailable
    ? {
        ...{ type: 'Available', status: 'True', ...times, reason: 'MinimumReplicasAvailable' },
        message: 'Deployment has minimum availability.',
      }
    : {
        ...{ type: 'Available', status: 'False', ...times, reason: 'MinimumReplicasUnavailable' },
        message: 'Deployment does not have minimum availability.',
      };
}

export function statusOfRollout(
  deps: ControllerDeps,
  deployment: Stored,
  others: readonly Stored[],
  own: Stored | undefined,
): JsonMap {
  const plain = plainStatus(deps, deployment, others, own);
  const conditions = withProgress(deps, deployment, plain, own);
  const failure = [...(own === undefined ? [] : [own]), ...others]
    .map((each) => conditionIn(mapsOf(statusOf(each)['conditions']), 'ReplicaFailure'))
    .find((each) => each !== undefined);
  if (failure === undefined) {
    return { ...plain, conditions: withoutCondition(conditions, 'ReplicaFailure') };
  }
  const { lastTransitionTime = null } = failure;
  const condition = { ...failure, lastUpdateTime: lastTransitionTime, lastTransitionTime };
  return { ...plain, conditions: withCondition(conditions, condition) };
}

function withProgress(
  deps: ControllerDeps,
  deployment: Stored,
  status: JsonMap,
  own: Stored | undefined,
): readonly JsonMap[] {
  const all = mapsOf(status['conditions']);
  if (!hasDeadline(deployment)) return withoutCondition(all, 'Progressing');
  const current = conditionIn(all, 'Progressing');
  const isSettled = numberOf(status['replicas']) === numberOf(status['updatedReplicas']);
  if (isSettled && current?.['reason'] === 'NewReplicaSetAvailable') return all;
  const now = nowText(deps);
  const whose = own === undefined ? `Deployment "${deployment.name}"` : `ReplicaSet "${own.name}"`;
  const condition = (state: string, reason: string, what: string): JsonMap => ({
    ...{ type: 'Progressing', status: state, lastUpdateTime: now, lastTransitionTime: now },
    ...{ reason, message: `${whose} ${what}` },
  });
  if (isComplete(deployment, status)) {
    const done = 'has successfully progressed.';
    return withCondition(all, condition('True', 'NewReplicaSetAvailable', done));
  }
  if (isProgress(statusOf(deployment), status)) {
    const next = condition('True', 'ReplicaSetUpdated', 'is progressing.');
    const kept = current?.['status'] === 'True' ? (current['lastTransitionTime'] ?? now) : now;
    return withCondition(withoutCondition(all, 'Progressing'), {
      ...next,
      lastTransitionTime: kept,
    });
  }
  if (!isTimedOut(deps, deployment, current)) return all;
  const late = 'has timed out progressing.';
  return withCondition(all, condition('False', 'ProgressDeadlineExceeded', late));
}

function isComplete(deployment: Stored, status: JsonMap): boolean {
  const replicas = replicasOf(deployment);
  return ['updatedReplicas', 'replicas', 'availableReplicas'].every(
    (field) => numberOf(status[field]) === replicas,
  );
}

function isProgress(before: JsonMap, now: JsonMap): boolean {
  const grew = (field: string) => numberOf(now[field]) > numberOf(before[field]);
  const old = (it: JsonMap) => numberOf(it['replicas']) - numberOf(it['updatedReplicas']);
  const counted = ['updatedReplicas', 'readyReplicas', 'availableReplicas'];
  return counted.some(grew) || old(now) < old(before);
}

function isTimedOut(
  { now }: ControllerDeps,
  deployment: Stored,
  condition: JsonMap | undefined,
): boolean {
  const deadline = deadlineOf(deployment, condition);
  return deadline !== undefined && deadline < now().getTime();
}

function deadlineOf(deployment: Stored, condition: JsonMap | undefined): number | undefined {
  if (condition === undefined || condition['reason'] === 'NewReplicaSetAvailable') return undefined;
  const seconds = numberOf(specOf(deployment)['progressDeadlineSeconds']);
  return Date.parse(textOf(condition['lastUpdateTime'])) + seconds * 1000;
}

/** The time at which the controller must check whether a rollout is late, in milliseconds. */
export function timesOut(deployment: Stored): number | undefined {
  const condition = conditionIn(mapsOf(mapOf(statusOf(deployment))['conditions']), 'Progressing');
  if (!hasDeadline(deployment) || condition?.['reason'] === 'ProgressDeadlineExceeded') {
    return undefined;
  }
  const deadline = deadlineOf(deployment, condition);
  // The times of conditions are in whole seconds.
  return deadline === undefined ? undefined : deadline + 1_000;
}
