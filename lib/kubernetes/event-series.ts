import { microTime } from '../text/micro-time.ts';

/** The fields that continue the series of an existing Event. */
export function nextOfSeries(
  count: number | undefined,
  now: Date,
): { series: { count: number; lastObservedTime: string } } {
  return seriesOf((count ?? 1) + 1, now);
}

/** The fields for the number of times that the Event occurred, and for its most recent time. */
export function seriesOf(
  count: number,
  now: Date,
): { series: { count: number; lastObservedTime: string } } {
  return { series: { count, lastObservedTime: microTime(now) } };
}
