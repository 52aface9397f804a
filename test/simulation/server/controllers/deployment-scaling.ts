/** Selects the Pods of earlier templates that a rollout removes first. */
import { numberOf } from '../json.ts';
import type { Stored } from '../store.ts';
import { statusOf } from './owned.ts';

export const availableIn = (set: Stored): number => numberOf(statusOf(set)['availableReplicas']);

/** Removes unavailable Pods from the sizes. @returns the number of removed Pods */
export function removeUnhealthy(sizes: Map<Stored, number>, most: number): number {
  let removed = 0;
  for (const [set, size] of sizes) {
    if (removed >= most) break;
    const gone = Math.min(most - removed, size - availableIn(set));
    sizes.set(set, size - gone);
    removed += gone;
  }
  return removed;
}

/** Removes available Pods from the sizes. @returns the number of removed Pods */
export function removeAvailable(sizes: Map<Stored, number>, most: number): number {
  let removed = 0;
  for (const [set, size] of sizes) {
    const gone = Math.min(size, most - removed);
    sizes.set(set, size - gone);
    removed += gone;
  }
  return removed;
}
