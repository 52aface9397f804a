import { durationMs } from '../../text/duration.ts';
import { shortList } from '../../text/short-list.ts';
import { timeText, withinPeriod } from './history.ts';
import type { HoldRule } from './hold-rule.ts';

/**
 * Holds back a workload whose rollouts reached `rollouts.limit`, until the oldest of them is older
 * than the period. Without it, a source that changes in each pass would start a rollout in each
 * pass.
 */
export const limitExceeded: HoldRule = ({ changed }, { limit, timeZone }, { now, writes }) => {
  const { count, period } = limit;
  const periodMs = durationMs(period);
  const times = withinPeriod(writes, periodMs, now);
  const first = times[times.length - count];
  if (count === 0 || first === undefined) return undefined;
  const which = changed.length === 0 ? '' : ` (${shortList(changed)})`;
  return {
    reason: 'LimitExceeded',
    sentence: `its configuration changed${which}, but ${count === 1 ? '1 rollout' : `${count} rollouts`} of it started within ${period}, the limit of rollouts.limit: nothing is written until ${momentText(first + periodMs, timeZone)}, then it restarts once with the current configuration; find out what changes these sources so often`,
  };
};

/** UTC, and the local time of the zone if it differs. */
function momentText(time: number, timeZone: string): string {
  const utc = timeText(time);
  if (timeZone === 'UTC') return utc;
  const local = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return `${utc} (${local.format(time)} ${timeZone})`;
}
