import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { triggerResults } from '../../../lib/telemetry/trigger-metrics.ts';

function metricsOf(process: boolean) {
  return createMetrics({ traffic: { requests: 0, bytesRead: 0 }, clock: systemClock, process });
}

test('requests are counted by result, and each result exists from the start', async () => {
  const metrics = metricsOf(true);
  for (const result of triggerResults) {
    assert.ok((await metrics.text()).includes(`_trigger_requests_total{result="${result}"} 0\n`));
  }
  metrics.triggers.requested('Accepted');
  metrics.triggers.requested('Gathered');
  metrics.triggers.requested('Gathered');
  metrics.triggers.passStarted();
  const text = await metrics.text();
  assert.match(text, /_trigger_requests_total\{result="Accepted"\} 1\n/);
  assert.match(text, /_trigger_requests_total\{result="Gathered"\} 2\n/);
  assert.match(text, /^wave_cron_trigger_passes_total 1$/m);
});

test('a process of one pass has no metrics of triggers', async () => {
  assert.doesNotMatch(await metricsOf(false).text(), /trigger/);
});
