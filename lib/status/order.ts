import { byName } from '../kubernetes/names.ts';
import { urgencies } from './state.ts';
import type { WorkloadStatus } from './workload-status.ts';

/**
 * Sorts what needs a person first. Workloads of the same urgency are sorted by the time since when, the oldest
 * first, and those without a time last. Workloads with nothing to do are sorted by name.
 */
export function byUrgency(a: WorkloadStatus, b: WorkloadStatus): number {
  const apart = urgencies.indexOf(a.urgency) - urgencies.indexOf(b.urgency);
  if (apart !== 0) return apart;
  if (a.urgency === 'done') return byName(a, b);
  return compareTimes(a.since, b.since) || byName(a, b);
}

/** RFC 3339 in UTC and whole seconds sorts as text. */
function compareTimes(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}
