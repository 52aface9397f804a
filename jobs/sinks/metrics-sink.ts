import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { ReportSink } from './report-sink.ts';

/** Counts passes for metrics that are scraped or pushed. */
export function metricsSink(metrics: Metrics): ReportSink {
  return {
    lease: (event) => metrics.leaseEvent(event),
    passEnded: (report) => metrics.passEnded(report),
    partialPassEnded: (report) => metrics.partialPassEnded(report),
    passFailed: (_, durationMs) => metrics.passFailed(durationMs),
  };
}
