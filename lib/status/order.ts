import { byName } from '../kubernetes/names.ts';
import { urgencies } from './urgency.ts';
import type { WorkloadStatus } from './workload-status.ts';

/**
 * Sorts workloads that need a person first. Workloads of the same urgency are sorted by `since`,
 * the earliest first. Workloads without this time come last. If there is nothing to do for the
 * workloads, they are sorted by name.
 */
export function byUrgency(a: WorkloadStatus, b: WorkloadStatus): number {
  const apart = urgencies.indexOf(a.urgency) - urgencies.indexOf(b.urgency);
  if (apart !== 0) return apart;
  if (a.urgency === 'done') return byName(a, b);
  return compareTimes(a.since, b.since) || byName(a, b);
}

/** In UTC and whole seconds, times of RFC 3339 can be compared as texts. */
function compareTimes(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}
