import type { RolloutState } from '../../kubernetes/kinds.ts';

/**
 * The controller reports ProgressDeadlineExceeded only some time after the deadline of a Deployment.
 */
const graceMs = 60_000;

/**
 * The time until which a rollout takes a place, and until which workloads with a higher order wait
 * for it.  If the deadline in a Deployment is not longer than `rollouts.progressDeadline`, the
 * rollout keeps its place until the controller can report the failure. Otherwise, other workloads
 * would get a bad version just before the controller reports the failure.
 */
export function placeEnd(
  since: number,
  { ownDeadlineMs }: RolloutState,
  progressDeadlineMs: number,
): number {
  const isWatched = ownDeadlineMs !== undefined && ownDeadlineMs <= progressDeadlineMs;
  return since + progressDeadlineMs + (isWatched ? graceMs : 0);
}
