import { type Change, type Hold, heldBecause } from './hold.ts';
import type { Pause } from './level.ts';
import { momentText } from './moment.ts';

/**
 * Holds a workload while a setting, its namespace or the workload itself pauses it. The message
 * names the pause that ends latest.
 */
export function paused(
  { changed }: Change,
  { pauses, timeZone }: { readonly pauses: readonly Pause[]; readonly timeZone: string },
  { now }: { readonly now: number },
): Hold | undefined {
  const end = (pause: Pause): number => pause.until ?? Number.POSITIVE_INFINITY;
  const lasting = pauses.filter((pause) => end(pause) > now);
  const [first] = lasting.sort((a, b) => end(b) - end(a));
  if (first === undefined) return undefined;
  const why = `rollouts are paused by ${first.from}`;
  const until = first.until === undefined ? {} : { until: first.until };
  const text = first.until === undefined ? 'that is lifted' : momentText(first.until, timeZone);
  return { reason: 'Paused', sentence: heldBecause(changed, why, text), ...until };
}
