/** Divides the Pods of a Deployment among its ReplicaSets if the Deployment is scaled during a rollout. */
import { numberOf } from '../json.ts';
import type { Stored } from '../store.ts';
import { maxKey } from './deployment-limits.ts';
import { annotationsOf, byAge, replicasOf, statusOf } from './owned.ts';

/** @param active the ReplicaSets with Pods */
export function scaleInProportion(
  deployment: Stored,
  active: readonly Stored[],
  surge: number,
): readonly (readonly [Stored, number])[] {
  const replicas = replicasOf(deployment);
  const most = replicas > 0 ? replicas + surge : 0;
  const toAdd = most - active.reduce((total, each) => total + replicasOf(each), 0);
  const sorted = active.toSorted((a, b) => {
    const bySize = replicasOf(b) - replicasOf(a);
    if (bySize !== 0) return bySize;
    return toAdd > 0 ? byAge(b, a) : byAge(a, b);
  });
  let added = 0;
  const sizes = sorted.map((set) => {
    const share = toAdd === 0 ? 0 : shareOf(deployment, set, { toAdd, added, surge });
    added += share;
    return [set, replicasOf(set) + share] as const;
  });
  return sizes.map(([set, size], at) => [set, at === 0 ? Math.max(0, size + toAdd - added) : size]);
}

function shareOf(
  deployment: Stored,
  set: Stored,
  {
    toAdd,
    added,
    surge,
  }: { readonly toAdd: number; readonly added: number; readonly surge: number },
): number {
  if (toAdd === added) return 0;
  const fraction = fractionOf(deployment, set, surge);
  return toAdd > 0 ? Math.min(fraction, toAdd - added) : Math.max(fraction, toAdd - added);
}

function fractionOf(deployment: Stored, set: Stored, surge: number): number {
  const replicas = replicasOf(deployment);
  const own = replicasOf(set);
  if (replicas === 0) return -own;
  const before =
    Number(annotationsOf(set)[maxKey] ?? 0) || numberOf(statusOf(deployment)['replicas']);
  if (before === 0) return 0;
  return Math.round((own * (replicas + surge)) / before) - own;
}
