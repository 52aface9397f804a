/**
 * The limits of a rollout: how many Pods a Deployment may have in addition, and how many may be
 * unavailable.
 */
import { mapOf } from '../json.ts';
import type { Stored } from '../store.ts';
import { part, replicasOf, specOf } from './owned.ts';

/** The annotations in which a ReplicaSet stores the size of its Deployment. */
export const desiredKey = 'deployment.kubernetes.io/desired-replicas';
export const maxKey = 'deployment.kubernetes.io/max-replicas';

export interface Limits {
  readonly surge: number;
  readonly unavailable: number;
}

export function limitsOf(deployment: Stored): Limits {
  const { type, rollingUpdate } = mapOf(specOf(deployment)['strategy']);
  const replicas = replicasOf(deployment);
  if (type !== 'RollingUpdate') return { surge: 0, unavailable: 0 };
  const { maxSurge, maxUnavailable } = mapOf(rollingUpdate);
  const surge = part(maxSurge, replicas, true);
  const unavailable = part(maxUnavailable, replicas, false);
  const least = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { surge, unavailable: replicas === 0 ? 0 : Math.min(least, replicas) };
}
