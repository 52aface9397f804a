import { type Urgency, urgencies } from '../../../lib/status/urgency.ts';
import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';

/** The heading of each urgency. */
export const urgencyWords: Readonly<Record<Urgency, string>> = {
  person: 'Need a person',
  pods: 'Outdated Pods',
  unknown: 'Not known',
  held: 'Held back',
  next: 'Next pass',
  moving: 'Rolling out',
  recent: 'Just rolled out',
  done: 'Up to date',
};

export interface UrgencyCount {
  readonly urgency: Urgency;
  readonly count: number;
}

/** The number of workloads of each urgency, the most urgent first. */
export function countsOf(workloads: readonly WorkloadStatus[]): readonly UrgencyCount[] {
  const counts = new Map<Urgency, number>();
  for (const { urgency } of workloads) counts.set(urgency, (counts.get(urgency) ?? 0) + 1);
  return urgencies.map((urgency) => ({ urgency, count: counts.get(urgency) ?? 0 }));
}
