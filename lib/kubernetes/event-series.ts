import { microTime } from '../text/micro-time.ts';

/** The fields that continue the series of an existing Event. */
export function nextOfSeries(
  count: number | undefined,
  now: Date,
): { series: { count: number; lastObservedTime: string } } {
  return seriesOf((count ?? 1) + 1, now);
}

/** The fields that say how often the Event occurred, and when it last occurred. */
export function seriesOf(
  count: number,
  now: Date,
): { series: { count: number; lastObservedTime: string } } {
  return { series: { count, lastObservedTime: microTime(now) } };
}
