/** The revision history of a Deployment: the annotations of its ReplicaSets, and the limit of old ones. */
import { type JsonMap, numberOf, textOf } from '../json.ts';
import type { Stored } from '../store.ts';
import { asController, type ControllerDeps, metadataOf, tryTo } from './controller.ts';
import { desiredKey, maxKey } from './deployment-limits.ts';
import { annotationsOf, isDeleting, replicasOf, specOf, statusOf } from './owned.ts';

export const revisionKey = 'deployment.kubernetes.io/revision';
const historyKey = 'deployment.kubernetes.io/revision-history';
const notCopied = [
  'kubectl.kubernetes.io/last-applied-configuration',
  ...[revisionKey, historyKey, desiredKey, maxKey, 'deprecated.deployment.rollback.to'],
];

export const revisionOf = (set: Stored): number => Number(annotationsOf(set)[revisionKey] ?? 0);

/** The annotations of the new ReplicaSet: the annotations of the Deployment, and its revisions. */
export function annotationsFor(
  deployment: Stored,
  set: Stored | undefined,
  revision: number,
): JsonMap {
  const before = set === undefined ? {} : annotationsOf(set);
  const copied = Object.entries(annotationsOf(deployment)).filter(
    ([key]) => !notCopied.includes(key),
  );
  const annotations = { ...before, ...Object.fromEntries(copied) };
  const old = Number(before[revisionKey] ?? 0);
  if (old >= revision) return annotations;
  const earlier = [textOf(before[historyKey]), String(old)].filter((each) => each !== '');
  return {
    ...annotations,
    [revisionKey]: String(revision),
    ...(before[revisionKey] === undefined ? {} : { [historyKey]: earlier.join(',') }),
  };
}

/** Deletes the oldest ReplicaSets above the limit of the Deployment. */
export function cleanUp(
  { deleter }: ControllerDeps,
  deployment: Stored,
  others: readonly Stored[],
): void {
  const limit = numberOf(specOf(deployment)['revisionHistoryLimit']);
  const alive = others.filter((each) => !isDeleting(each));
  const sorted = alive.toSorted((a, b) => revisionOf(a) - revisionOf(b));
  for (const set of sorted.slice(0, Math.max(0, alive.length - limit))) {
    const { generation } = metadataOf(set);
    const isSeen = numberOf(generation) <= numberOf(statusOf(set)['observedGeneration']);
    const isEmpty = numberOf(statusOf(set)['replicas']) === 0 && replicasOf(set) === 0;
    if (!isSeen || !isEmpty) continue;
    const options = { propagationPolicy: '', gracePeriodSeconds: undefined };
    const any = { ...options, uid: '', resourceVersion: '' };
    tryTo(() => deleter.delete(set.resource, set.namespace, set.name, any, asController));
  }
}
