import { Counter, type Registry } from 'prom-client';

/** Metrics of notifications. */
export interface NotificationMetrics {
  /** Adds a number of messages for a sink to the counter. With 0, it only creates the series. */
  counted(sink: string, format: string, outcome: NotificationOutcome, messages: number): void;
}

export type NotificationOutcome = 'Sent' | 'Failed';

export function notificationMetrics(registry: Registry): NotificationMetrics {
  const notifications = new Counter({
    name: 'wave_cron_notifications_total',
    help: 'Messages to the sinks of the setting notifications, by the name or position of the sink, its format, and outcome: Sent, or Failed after all attempts.',
    labelNames: ['sink', 'format', 'outcome'],
    registers: [registry],
  });
  return {
    counted: (sink, format, outcome, messages) =>
      notifications.inc({ sink, format, outcome }, messages),
  };
}
