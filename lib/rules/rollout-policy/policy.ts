import { durationMs } from '../../text/duration.ts';
import { leaveAlone, type Proposal } from '../decision.ts';
import { formatHistory, withinPeriod } from './history.ts';
import type { Circumstances, HoldRule, Policy } from './hold-rule.ts';
import { limitExceeded } from './limit.ts';

/** The first that applies is reported. */
const holds: readonly HoldRule[] = [limitExceeded];

/** When a hash was written, by the record of the workload or by its revisions: each may have lost some. */
export function knownWrites(
  recorded: readonly number[],
  shown: readonly number[],
  { limit }: Policy,
  now: number,
): readonly number[] {
  const periodMs = durationMs(limit.period);
  const count = (times: readonly number[]): number => withinPeriod(times, periodMs, now).length;
  return count(shown) > count(recorded) ? shown : recorded;
}

/**
 * Whether a proposed hash may be written now: the proposal with what is recorded along with it, or the
 * hold in its place. A proposal that writes no hash stays as it is. Pure.
 */
export function afterHolds(
  proposal: Proposal,
  policy: Policy,
  circumstances: Circumstances,
): Proposal {
  if (proposal.hashAnnotations === undefined) return proposal;
  for (const rule of holds) {
    const held = rule(proposal, policy, circumstances);
    if (held !== undefined) {
      return { ...leaveAlone(held.reason, held.sentence), changed: proposal.changed };
    }
  }
  const { count, period } = policy.limit;
  if (count === 0) return proposal;
  const { now, writes } = circumstances;
  const before = withinPeriod(writes, durationMs(period), now);
  return { ...proposal, history: formatHistory(before, now, count) };
}
