import type { RolloutState } from '../../kubernetes/kinds.ts';

/** A Deployment gets the condition ProgressDeadlineExceeded a moment after its deadline. */
const graceMs = 60_000;

/**
 * Until when a rollout takes a place, and higher orders wait for it. A Deployment whose own deadline is no longer
 * than ours gets time for its condition: otherwise others would get a bad version in the moment before.
 */
export function placeEnd(
  since: number,
  { ownDeadlineMs }: RolloutState,
  progressDeadlineMs: number,
): number {
  const isWatched = ownDeadlineMs !== undefined && ownDeadlineMs <= progressDeadlineMs;
  return since + progressDeadlineMs + (isWatched ? graceMs : 0);
}
