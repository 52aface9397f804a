/**
 * Simulates hours of Prometheus in a second. Simulated processes of wave-cron update real metrics with the
 * clock of the simulation, and Prometheus scrapes them once a minute.
 *
 *     const time = simulation();
 *     const one = time.start('one');
 *     await time.pass(30, () => one.passEnded(report('Completed')));
 *     time.stop('one');
 *     await time.pass(30);
 *     await time.alerts(rules);
 */

import { LeaseLostError } from '../../lib/lease/error.ts';
import type { PassReason, Reason } from '../../lib/rules/reason.ts';
import { countReasons, type Outcome, type Report } from '../../lib/rules/report.ts';
import { type Clock, systemClock } from '../../lib/schedule/clock.ts';
import { createMetrics, type Metrics } from '../../lib/telemetry/metrics.ts';
import type { Pushgateway } from '../../tools/control-plane/pushgateway.ts';
import { type Alert, alertsOf, type Scrape } from './prometheus.ts';

export type Simulation = {
  /** Starts a process behind the target of this name. It replaces an earlier process there. */
  start(name: string, namespace?: string): Metrics;
  /** Ends the process: the target does not respond anymore. */
  stop(name: string): void;
  /** Advances the time by minutes. Each minute begins with a call of `happen`, and ends with a scrape. */
  pass(minutes: number, happen?: (minute: number) => unknown): Promise<void>;
  /** Simulates a process that runs one pass and pushes its metrics. */
  once(happen: (metrics: Metrics) => void, lease?: string): Promise<void>;
  /** Returns all alerts that have fired so far. */
  alerts(rules: string): Promise<SimulatedAlert[]>;
};

/** The times are in minutes. `ended` is undefined if the alert is still active. */
export type SimulatedAlert = Omit<Alert, 'ended'> & { ended: number | undefined };

/** 2026-01-01T00:00:00Z */
const epoch = 1_767_225_600;

/** @param gateway is scraped too, with honor_labels */
export function simulation(gateway?: Pushgateway): Simulation {
  const scrapes: Scrape[] = [];
  const targets = new Map<string, { labels: Scrape['labels']; metrics: Metrics | undefined }>();
  let now = epoch;
  const clock: Clock = { ...systemClock, wallTime: () => new Date(now * 1000) };
  const traffic = { requests: 1, bytesRead: 1 };
  const running = (): Metrics => createMetrics({ traffic, clock, process: true });
  const passing = (): Metrics => createMetrics({ traffic, clock, process: false });

  async function scrape(): Promise<void> {
    for (const [name, { labels, metrics }] of targets) {
      const text = await metrics?.text();
      scrapes.push({ at: now, labels, text: text === undefined ? null : ownSamples(text) });
      if (metrics === undefined) targets.delete(name);
    }
    if (gateway !== undefined) {
      scrapes.push({ at: now, labels: { job: 'gateway' }, text: await gateway.text() });
    }
  }

  return {
    start(name, namespace = 'wave-cron') {
      const metrics = running();
      targets.set(name, { labels: { job: 'wave-cron', namespace, pod: name }, metrics });
      return metrics;
    },
    stop(name) {
      const target = targets.get(name);
      if (target !== undefined) target.metrics = undefined;
    },
    async pass(minutes, happen) {
      for (let minute = 0; minute < minutes; minute++) {
        now += 60;
        await happen?.(minute);
        await scrape();
      }
    },
    async once(happen, lease = 'wave-cron') {
      if (gateway === undefined) throw new Error('the simulation has no Pushgateway');
      const metrics = passing();
      happen(metrics);
      await metrics.push(gateway.url, { namespace: 'wave-cron', lease });
    },
    async alerts(rules) {
      const all = await alertsOf(rules, { from: epoch, to: now }, scrapes);
      const minute = (at: number) => (at - epoch) / 60;
      return all
        .filter(({ fired }) => fired !== 0)
        .map(({ since, fired, ended, ...alert }) => ({
          ...alert,
          ...{ since: minute(since), fired: minute(fired) },
          ended: ended === 0 ? undefined : minute(ended),
        }));
    },
  };
}

/** A report of a pass with these reasons, each for a Deployment of its own. */
export function report(pass: PassReason, found: readonly Reason[] = ['UpToDate']): Report {
  const outcomes = found.map(
    (reason, index): Outcome => ({
      ...{ kind: 'Deployment', namespace: 'shop', name: `web-${index}`, sentence: '', reason },
      ...{ changed: [], written: false },
    }),
  );
  return {
    ...{ pass, outcomes, counts: countReasons(outcomes), listProblems: [], unreached: 0 },
    ...{ eventsLost: 0, requests: 1, bytesRead: 1, durationMs: 1000 },
  };
}

const lease = 'Lease wave-cron/wave-cron';

export function tookOver(metrics: Metrics): void {
  const from = { from: 'other', unchangedForMs: 15_000 };
  metrics.leaseEvent({ kind: 'tookOver', lease, identity: 'me', ...from });
}

export function lost(metrics: Metrics): void {
  const error = new LeaseLostError(lease, { kind: 'deleted' });
  metrics.leaseEvent({ kind: 'lost', lease, error, heldForMs: 1000 });
}

/** The samples without the metrics of Node, because no alert uses them. */
function ownSamples(text: string): string {
  const lines = text.split('\n').filter((line) => line.startsWith('wave_cron_'));
  return `${lines.join('\n')}\n`;
}
