import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';

const traffic = { requests: 0, bytesRead: 0 };

test('events, failures, partial passes and latencies are counted', async () => {
  const metrics = createMetrics({ traffic, clock: systemClock, process: true });
  assert.match(await metrics.text(), /_trigger_events_total\{kind="Workload"\} 0\n/);
  metrics.watch.event('ConfigMap');
  metrics.watch.failed();
  metrics.watch.partialPass();
  metrics.watch.patched(20);
  const text = await metrics.text();
  assert.match(text, /_trigger_events_total\{kind="ConfigMap"\} 1\n/);
  assert.match(text, /_trigger_watch_failures_total 1\n/);
  assert.match(text, /_trigger_partial_passes_total 1\n/);
  assert.match(text, /_trigger_latency_seconds_bucket\{le="0.01"\} 0\n/);
  assert.match(text, /_trigger_latency_seconds_bucket\{le="0.025"\} 1\n/);
});
