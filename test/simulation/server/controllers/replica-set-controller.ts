/** Creates and deletes Pods until a ReplicaSet has the requested number. */
import { type JsonMap, mapOf, mapsOf, numberOf, textOf } from '../json.ts';
import { resources } from '../resources.ts';
import { StatusError } from '../status.ts';
import type { Stored } from '../store.ts';
import { asController, type ControllerDeps, metadataOf, tryTo } from './controller.ts';
import {
  controlled,
  isActive,
  isDeleting,
  isReady,
  labelsOf,
  nowText,
  ownerReference,
  replicasOf,
  statusOf,
  templateOf,
  WorkloadController,
  withCondition,
  withoutCondition,
  withoutZeros,
  writeStatus,
} from './owned.ts';

export function replicaSetController(deps: ControllerDeps): WorkloadController {
  const sync = (stored: Stored) => syncReplicaSet(deps, stored);
  return new WorkloadController('replica set controller', deps, resources.replicaSets, sync);
}

function syncReplicaSet(deps: ControllerDeps, stored: Stored): void {
  const all = controlled(deps, stored, resources.pods);
  const active = all.filter(isActive);
  const failure = isDeleting(stored) ? undefined : manage(deps, stored, active);
  // Like the real controller, counts the Pods that existed before this step.
  const status = statusFor(deps, stored, active, all.filter(isDeleting), failure);
  const live = deps.store.byUid(stored.uid);
  if (live !== undefined) writeStatus(deps, live, status);
}

interface Failure {
  readonly reason: string;
  readonly message: string;
}

function manage(
  deps: ControllerDeps,
  stored: Stored,
  pods: readonly Stored[],
): Failure | undefined {
  const missing = replicasOf(stored) - pods.length;
  for (let left = missing; left > 0; left--) {
    const failure = createPod(deps, stored);
    if (failure !== undefined) return { reason: 'FailedCreate', message: failure };
  }
  if (missing >= 0) return undefined;
  for (const pod of pods.toSorted(worstFirst).slice(0, -missing)) deletePod(deps, pod);
  return undefined;
}

/** Sorts Pods that are not ready before ready Pods, and then newer Pods before older ones. */
function worstFirst(a: Stored, b: Stored): number {
  if (isReady(a) !== isReady(b)) return isReady(a) ? 1 : -1;
  const [first, second] = [a, b].map((each) => textOf(metadataOf(each)['creationTimestamp']));
  if (first !== second) return (first ?? '') > (second ?? '') ? -1 : 1;
  return a.version - b.version;
}

export function deletePod(
  { deleter }: ControllerDeps,
  { resource, namespace, name }: Stored,
): void {
  const options = { propagationPolicy: '', gracePeriodSeconds: undefined };
  const any = { ...options, uid: '', resourceVersion: '' };
  tryTo(() => deleter.delete(resource, namespace, name, any, asController));
}

/** Creates a Pod. Returns the message of a rejection; undefined if the Pod was created. */
function createPod({ writer }: ControllerDeps, owner: Stored): string | undefined {
  const template = templateOf(owner);
  const { labels = {}, annotations } = mapOf(template['metadata']);
  const metadata = {
    generateName: `${owner.name}-`,
    labels,
    ...(annotations === undefined ? {} : { annotations }),
    ownerReferences: [ownerReference(owner)],
  };
  try {
    const pod = { metadata, spec: template['spec'] ?? {} };
    writer.create(resources.pods, owner.namespace, pod, asController);
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error.message;
    throw error;
  }
}

function statusFor(
  deps: ControllerDeps,
  stored: Stored,
  pods: readonly Stored[],
  terminating: readonly Stored[],
  failure: Failure | undefined,
): JsonMap {
  const ready = pods.filter(isReady).length;
  const wanted = Object.entries(mapOf(mapOf(templateOf(stored)['metadata'])['labels']));
  const isLabeled = (pod: Stored) => wanted.every(([key, value]) => labelsOf(pod)[key] === value);
  const before = mapsOf(statusOf(stored)['conditions']);
  const conditions =
    failure === undefined
      ? withoutCondition(before, 'ReplicaFailure')
      : withCondition(before, {
          ...{ type: 'ReplicaFailure', status: 'True', ...failure },
          lastTransitionTime: nowText(deps),
        });
  return {
    replicas: pods.length,
    ...withoutZeros({
      fullyLabeledReplicas: pods.filter(isLabeled).length,
      readyReplicas: ready,
      availableReplicas: ready,
      observedGeneration: numberOf(metadataOf(stored)['generation']),
      conditions,
    }),
    terminatingReplicas: terminating.length,
  };
}
