/** A linear scale from times, in milliseconds since 1970, to positions from 0 to `width`. */
export interface TimeScale {
  readonly from: number;
  readonly to: number;
  readonly width: number;
}

/** The position of a time. A time outside the scale gets the position of the nearest end. */
export function positionOf(time: number, { from, to, width }: TimeScale): number {
  if (to <= from) return width;
  const part = (time - from) / (to - from);
  return Math.min(Math.max(part, 0), 1) * width;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [
  minute,
  5 * minute,
  15 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
].concat([2 * day, 7 * day, 14 * day, 28 * day, 91 * day, 182 * day, 364 * day]);

/**
 * Round times on the scale, at most this number. The times are round on the local clock.
 *
 * @param offsetMs the local time minus UTC
 */
export function ticksOf({ from, to }: TimeScale, most: number, offsetMs: number): number[] {
  const step = steps.find((each) => (to - from) / each <= most - 1) ?? Number.POSITIVE_INFINITY;
  const ticks: number[] = [];
  const first = Math.ceil((from + offsetMs) / step) * step - offsetMs;
  for (let tick = first; tick <= to; tick += step) ticks.push(tick);
  return ticks;
}
