import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { CommandContext } from '../command-context.ts';
import { logSink } from './log-sink.ts';
import { metricsSink } from './metrics-sink.ts';
import { pushSink } from './push-sink.ts';
import { type ReportSink, ReportSinks } from './report-sink.ts';

/**
 * All sinks of a command that runs passes. A new sink needs a line here and a setting in the
 * schema.
 *
 * @param scheduled the metrics that a long-running process serves; undefined if the command runs
 * one pass
 * @param more observers of each pass
 */
export async function reportSinks(
  context: CommandContext,
  scheduled?: Metrics,
  more: readonly ReportSink[] = [],
): Promise<ReportSinks> {
  const { metricsPushUrl: url, notifications } = context.settings;
  const isScheduled = scheduled !== undefined;
  const metrics = scheduled ?? (url === undefined ? undefined : await metricsOfOnePass(context));
  const sinks: (ReportSink | undefined)[] = [
    ...more,
    logSink(context, { isScheduled }),
    metrics && metricsSink(metrics),
    // Notifications come before the push, because the push includes their metrics.
    notifications.length > 0 ? await sinkOfNews(context, metrics, isScheduled) : undefined,
    metrics && url !== undefined ? pushSink(context, metrics, url) : undefined,
  ];
  return new ReportSinks(sinks.filter((sink) => sink !== undefined));
}

/** Imported here, because a Pod without the setting must not wait for this import. */
async function sinkOfNews(
  context: CommandContext,
  metrics: Metrics | undefined,
  isScheduled: boolean,
): Promise<ReportSink> {
  const { notificationSink } = await import('./notification-sink.ts');
  return notificationSink(context, metrics?.notifications, { isScheduled });
}

/** Imported here, because a Pod that does not push must not wait for this import. */
async function metricsOfOnePass({ wiring, settings }: CommandContext): Promise<Metrics> {
  const { createMetrics } = await import('../../lib/telemetry/metrics.ts');
  const { clock, traffic } = wiring.deps;
  return createMetrics({ traffic, clock, kinds: settings.kinds, process: false });
}
