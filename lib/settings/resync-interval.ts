import { durationSeconds } from '../text/duration.ts';

/**
 * A week, in seconds. With a longer interval, the user probably wants a certain day of the month,
 * which an interval cannot express.
 */
const longest = 7 * 86_400;

/** Why `text` is not a valid interval between two passes; undefined if it is valid. */
export function intervalProblem(text: string): string | undefined {
  const seconds = durationSeconds(text);
  if (seconds === undefined) {
    return 'must be whole numbers of d, h, m and s, from large to small, such as 30s, 7m, 1h30m or 1d';
  }
  if (seconds < 1) return 'the shortest interval is 1s';
  if (seconds > longest) return 'the longest interval is 7d; for longer intervals use schedule';
  return undefined;
}
