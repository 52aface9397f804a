import { Counter, Histogram, type Registry } from 'prom-client';
import { triggerSettings } from '../settings/trigger-settings.ts';

/** Metrics of `triggers.watch`. */
export interface WatchMetrics {
  /** Counts an event of a watch. */
  event(kind: string): void;
  /** Counts a watch that ended with an error. */
  failed(): void;
  /** Counts a partial pass with any outcome. */
  partialPass(): void;
  /** Records that a hash was written this long after the first event of its pass. */
  patched(afterMs: number): void;
}

export function watchMetrics(registry: Registry): WatchMetrics {
  const registers = [registry];
  const events = new Counter({
    name: 'wave_cron_trigger_events_total',
    help: 'Events that triggers.watch received, by kind. Most of these events need no pass.',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of triggerSettings.properties.watch.items.enum) events.inc({ kind }, 0);
  const failures = new Counter({
    name: 'wave_cron_trigger_watch_failures_total',
    help: 'How often a watch of triggers.watch ended with an error. wave-cron opens the watch again.',
    registers,
  });
  const partialPasses = new Counter({
    name: 'wave_cron_trigger_partial_passes_total',
    help: 'Passes over only the workloads that a change concerns.',
    registers,
  });
  const latency = new Histogram({
    name: 'wave_cron_trigger_latency_seconds',
    help: 'Time from the first event of a pass until the pass wrote a hash.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return {
    event: (kind) => events.inc({ kind }),
    failed: () => failures.inc(),
    partialPass: () => partialPasses.inc(),
    patched: (afterMs) => latency.observe(afterMs / 1000),
  };
}
