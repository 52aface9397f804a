import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';

/**
 * The workloads with a change that is held back or comes next, or with a rollout under way. The
 * first in the list goes first, as far as that is known: rollouts under way, then the workloads of
 * the next pass, then holds by their end, and last the holds without a known end.
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

/** A large number for an unknown time, so that it comes last. */
function timeOf(text: string | null): number {
  return text === null ? Number.MAX_VALUE : Date.parse(text);
}
