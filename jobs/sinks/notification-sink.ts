import { randomUUID } from 'node:crypto';
import type { News } from '../../lib/notifications/digest.ts';
import {
  type Delivery,
  type NotifyDeps,
  notifyOfNews,
  sinkName,
  sinkText,
} from '../../lib/notifications/notify.ts';
import type { NotificationMetrics } from '../../lib/telemetry/notification-metrics.ts';
import type { CommandContext } from '../command-context.ts';
import type { ReportSink } from './report-sink.ts';

/**
 * Sends the news of each pass to the sinks of the setting `notifications`. It never throws, because
 * a failed message does not change the result of the pass.
 *
 * @param metrics undefined if nobody reads the metrics
 * @param isScheduled whether more passes follow. If so, a slow sink does not delay them, and one
 * message contains the news of all passes that end before the sink has answered.
 */
export function notificationSink(
  context: CommandContext,
  metrics: NotificationMetrics | undefined,
  { isScheduled }: { readonly isScheduled: boolean },
): ReportSink {
  const { notifications } = context.settings;
  const deps = notifyDeps(context);
  /** `news` is of the running pass, and `ready` of passes that have ended. */
  const [news, ready]: [News[], News[]] = [[], []];
  let sending: Promise<void> | undefined;
  for (const [index, sink] of notifications.entries()) {
    for (const outcome of ['Sent', 'Failed'] as const) {
      metrics?.counted(sinkName(sink, index), sink.format, outcome, 0);
    }
  }
  const send = async (): Promise<void> => {
    while (ready.length > 0) {
      for (const delivery of await notifyOfNews(notifications, ready.splice(0), deps)) {
        const outcome = delivery.problem === undefined ? 'Sent' : 'Failed';
        metrics?.counted(delivery.sink, delivery.format, outcome, 1);
        logDelivery(context.log, delivery);
      }
    }
    sending = undefined;
  };
  return {
    news: (outcome, reason) => {
      news.push({ outcome, reason });
    },
    async flush() {
      for (const each of news.splice(0)) ready.push(each);
      if (ready.length === 0) return;
      sending ??= send();
      if (!isScheduled) await sending;
    },
    async close() {
      await sending;
    },
  };
}

/** The dependencies of sending messages, for a pass and for `check --notify`. */
export function notifyDeps({ wiring, signal }: CommandContext): NotifyDeps {
  const { clock, lease } = wiring.deps;
  return {
    clock,
    random: lease.random,
    environment: wiring.environment,
    stopRetrying: signal,
    installation: wiring.passLeaseName,
    id: randomUUID,
  };
}

function logDelivery(log: CommandContext['log'], delivery: Delivery): void {
  const { sink, format, problem } = delivery;
  const text = sinkText(delivery);
  if (problem === undefined) log.debug({ sink, format }, `the news of the pass went to ${text}`);
  else {
    log.warn(
      { sink, format },
      `the news of the pass could not be sent to ${text} (the pass is not affected): ${problem}`,
    );
  }
}
