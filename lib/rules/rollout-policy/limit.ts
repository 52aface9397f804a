import type { RolloutSettings } from '../../settings/schema.ts';
import { durationMs } from '../../text/duration.ts';
import { withinPeriod } from './history.ts';
import { type Change, type Hold, heldBecause } from './hold.ts';
import { momentText } from './moment.ts';

/**
 * Holds a workload that has reached the number of rollouts in `rollouts.limit`, until the oldest of
 * them is outside the period. Without this rule, if a source changes all the time, each pass would
 * start a rollout.
 */
export function limitExceeded(
  { changed }: Pick<Change, 'changed'>,
  { limit, timeZone }: { readonly limit: RolloutSettings['limit']; readonly timeZone: string },
  { now, writes }: { readonly now: number; readonly writes: readonly number[] },
): Hold<'LimitExceeded'> | undefined {
  const { count, period } = limit;
  const periodMs = durationMs(period);
  const times = withinPeriod(writes, periodMs, now);
  const first = times[times.length - count];
  if (count === 0 || first === undefined) return undefined;
  const until = first + periodMs;
  const why = `${count === 1 ? '1 rollout' : `${count} rollouts`} of it started within ${period}, the limit of rollouts.limit`;
  return {
    reason: 'LimitExceeded',
    sentence: `${heldBecause(changed, why, momentText(until, timeZone))}; find out what changes these sources so often`,
    until,
  };
}
