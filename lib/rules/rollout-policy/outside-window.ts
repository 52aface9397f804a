import { type Window, windowsAt } from '../../schedule/window.ts';
import { type Change, type Hold, heldBecause } from './hold.ts';
import { momentText } from './moment.ts';

/**
 * Holds a workload while a deny window is open. If there are allow windows, it also holds the
 * workload while all of them are closed.
 */
export function outsideWindow(
  { changed }: Change,
  { windows = [] }: { readonly windows?: readonly Window[] },
  { now }: { readonly now: number },
): Hold | undefined {
  if (windows.length === 0) return undefined;
  const answer = windowsAt(windows, now);
  if (answer.open) return undefined;
  const { by, opening } = answer;
  const why =
    by.kind === 'allow'
      ? `none of the allow windows of ${by.from} is open`
      : `a deny window of ${by.from} is open (${by.duration} from ${by.schedule}, ${by.timeZone})`;
  const end = opening === undefined ? 'a window opens' : momentText(opening.at, opening.timeZone);
  return {
    reason: 'OutsideWindow',
    sentence: heldBecause(changed, why, end),
    ...(opening === undefined ? {} : { until: opening.at }),
  };
}
