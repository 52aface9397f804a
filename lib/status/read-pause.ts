/** The maximum part of the time that reads may take, because each read makes a complete plan. */
const readingPart = 1 / 5;

/**
 * The pause between two reads of the status, in milliseconds.
 *
 * @param tookMs the duration of the last read
 * @param leastMs the minimum pause
 */
export const readPauseMs = (tookMs: number, leastMs: number): number =>
  Math.max(leastMs, tookMs / readingPart - tookMs);
