import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { ReportSink } from './report-sink.ts';

/** Counts, for whoever scrapes the metrics or gets them pushed. */
export function metricsSink(metrics: Metrics): ReportSink {
  return {
    lease: (event) => metrics.leaseEvent(event),
    passEnded: (report) => metrics.passEnded(report),
    passFailed: (_, durationMs) => metrics.passFailed(durationMs),
  };
}
