import type { RolloutSettings } from '../../settings/schema.ts';
import { durationMs } from '../../text/duration.ts';
import { type Held, leaveAlone, type Proposal } from '../decision.ts';
import type { Given } from './given.ts';
import { formatHistory, withinPeriod } from './history.ts';
import type { Hold } from './hold.ts';

/**
 * The times at which hashes were written. Both the record and the revisions contain such times, and
 * both can be incomplete. The result comes from the one with more times within the period.
 */
export function knownWrites(
  recorded: readonly number[],
  shown: readonly number[],
  limit: RolloutSettings['limit'],
  now: number,
): readonly number[] {
  const periodMs = durationMs(limit.period);
  const count = (times: readonly number[]): number => withinPeriod(times, periodMs, now).length;
  return count(shown) > count(recorded) ? shown : recorded;
}

/** The proposal for a held workload: its hash is not written yet. */
export function heldProposal(
  { changed, notes, blockers }: Proposal,
  { reason, sentence }: Hold,
  held: Held,
): Proposal {
  return {
    ...leaveAlone(reason, sentence),
    ...{ changed, notes, held },
    ...(blockers === undefined ? {} : { blockers }),
  };
}

/**
 * The proposal for a workload whose hash is written at `now`. It contains the value of
 * `/rollout-history`.
 *
 * @param writes the known times of earlier hashes
 */
export function startedProposal(
  proposal: Proposal,
  limit: RolloutSettings['limit'],
  { now, writes, given }: { now: number; writes: readonly number[]; given: Given },
): Proposal {
  const { hashAnnotations } = proposal;
  if (hashAnnotations === undefined) return proposal;
  const before = withinPeriod(writes, durationMs(limit.period), now);
  const written = { hash: hashAnnotations.hash, given };
  const history = formatHistory(before, now, limit.count, written);
  return { ...proposal, start: { history, given } };
}
