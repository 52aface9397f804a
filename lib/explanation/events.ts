import type { EventObject } from '../kubernetes/inspector.ts';
import type { ExplainedEvent } from './explanation.ts';

/** The number of Events that fit on a screen. */
const most = 5;

/** The latest Events, newest first. */
export function eventsToShow(events: readonly EventObject[]): ExplainedEvent[] {
  return events
    .map(({ eventTime, type, reason, note, series }) => ({
      time: series?.lastObservedTime ?? eventTime ?? null,
      type: type ?? '',
      reason: reason ?? '',
      count: series?.count ?? 1,
      note: note ?? '',
    }))
    .sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1))
    .slice(0, most);
}
