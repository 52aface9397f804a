import { durationSeconds } from './duration.ts';

const day = 86_400;

/** Why `text` is not a valid time to wait; undefined if it is valid. `0s`: no wait. */
export function waitProblem(text: string): string | undefined {
  return problemOf(text, 0, 7 * day, 'the longest wait is 7d');
}

/** Why `text` is not a valid duration of a window; undefined if it is valid. */
export function windowDurationProblem(text: string): string | undefined {
  return problemOf(text, 60, 366 * day, 'a window lasts from 1m to 366d');
}

function problemOf(text: string, least: number, most: number, bounds: string): string | undefined {
  const seconds = durationSeconds(text);
  if (seconds === undefined) {
    return 'must be whole numbers of d, h, m and s, from large to small, such as 30s, 10m, 1h30m or 1d';
  }
  return seconds < least || seconds > most ? bounds : undefined;
}
