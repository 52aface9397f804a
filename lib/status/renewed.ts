import { type WorkloadName, workloadKey } from '../kubernetes/names.ts';
import { byUrgency } from './order.ts';
import type { WorkloadStatus } from './workload-status.ts';

/**
 * The list with the new states of some workloads, sorted as before. Pure.
 *
 * @param read the workloads that were read
 * @param found their states. A workload without a state was deleted, or has not opted in
 */
export function renewed(
  all: readonly WorkloadStatus[],
  read: readonly WorkloadName[],
  found: readonly WorkloadStatus[],
): readonly WorkloadStatus[] {
  const old = new Set(read.map(workloadKey));
  return [...all.filter((each) => !old.has(workloadKey(each))), ...found].sort(byUrgency);
}
