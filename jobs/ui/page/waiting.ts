import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';

/**
 * The workloads whose change is held back or comes in the next pass, and those with a rollout in
 * progress. They are in their expected order: rollouts in progress, then the workloads of the next
 * pass, then holds by their ends, and last the holds without a known end.
 */
export function waitingOf(workloads: readonly WorkloadStatus[]): readonly WorkloadStatus[] {
  return workloads
    .filter((each) => rankOf(each) !== undefined)
    .sort(
      (a, b) =>
        (rankOf(a) ?? 0) - (rankOf(b) ?? 0) ||
        timeOf(a.heldUntil) - timeOf(b.heldUntil) ||
        timeOf(a.since) - timeOf(b.since),
    );
}

function rankOf({ urgency, state, wouldRestart, heldUntil }: WorkloadStatus): number | undefined {
  if (urgency === 'moving') return 0;
  if (wouldRestart) return 1;
  if (urgency === 'held' || heldUntil !== null || state === 'AwaitingApproval') return 2;
  return undefined;
}

/** The end of a hold. If it is unknown, a large number sorts the hold last. */
function timeOf(text: string | null): number {
  return text === null ? Number.MAX_VALUE : Date.parse(text);
}
