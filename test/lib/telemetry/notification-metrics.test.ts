import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { notificationMetrics } from '../../../lib/telemetry/notification-metrics.ts';

test('messages are counted by sink and outcome, and a series exists before the first one', async () => {
  const registry = new Registry();
  const metrics = notificationMetrics(registry);
  metrics.counted('prod-eu', 'slack', 'Sent', 0);
  metrics.counted('prod-eu', 'slack', 'Failed', 0);
  metrics.counted('prod-eu', 'slack', 'Failed', 1);
  const samples = (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#'));
  const labels = (outcome: string) => `{sink="prod-eu",format="slack",outcome="${outcome}"}`;
  assert.deepEqual(samples.filter(Boolean), [
    `wave_cron_notifications_total${labels('Sent')} 0`,
    `wave_cron_notifications_total${labels('Failed')} 1`,
  ]);
});
