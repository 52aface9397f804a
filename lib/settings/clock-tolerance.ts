import { durationSeconds } from '../text/duration.ts';

/** The largest tolerance, in seconds. Synchronized clocks never differ by more than this. */
const longest = 3_600;

/** Why `text` is not a valid tolerance; undefined if it is valid. */
export function toleranceProblem(text: string): string | undefined {
  const seconds = durationSeconds(text);
  if (seconds === undefined) {
    return 'must be whole numbers of h, m and s, from large to small, such as 0s, 2s or 1m30s';
  }
  return seconds > longest ? 'the longest tolerance is 1h' : undefined;
}
