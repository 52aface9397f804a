import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Traffic } from '../kubernetes/client/api-client.ts';
import { allSources, type WorkloadKind, withDefaultKinds } from '../kubernetes/kinds.ts';
import type { LeaseEvent } from '../lease/event.ts';
import { type PassReason, type Reason, reasons } from '../rules/reason.ts';
import { isComplete, type Report } from '../rules/report.ts';
import type { Clock } from '../schedule/clock.ts';
import { version } from '../version.ts';
import { type NotificationMetrics, notificationMetrics } from './notification-metrics.ts';
import { pushMetrics } from './push.ts';
import { type TriggerMetrics, triggerMetrics } from './trigger-metrics.ts';
import { type WatchMetrics, watchMetrics } from './watch-metrics.ts';

/** Metrics of passes for Prometheus. docs/metrics.md explains each metric. */
export interface Metrics {
  /** Counts a pass that ended with a report, even if the pass did not complete. */
  passEnded(report: Report): void;
  /** Counts a partial pass and its writes. The gauges keep the values of the last full pass. */
  partialPassEnded(report: Report): void;
  /**
   * Counts a pass that threw an error, for example because the cluster could not be reached or the
   * Lease belongs to another program.
   */
  passFailed(durationMs: number): void;
  /** Counts a scheduled pass that was skipped because the previous pass was still running. */
  tickSkipped(): void;
  leaseEvent(event: LeaseEvent): void;
  /** Sets when the next pass is due; undefined if there is none. */
  nextPass(at: Date | undefined): void;
  /**
   * The metrics of watches. `text` contains them only in a process that runs longer than one pass.
   */
  readonly watch: WatchMetrics;
  readonly triggers: TriggerMetrics;
  /** The metrics of notifications. They have samples only if there are sinks. */
  readonly notifications: NotificationMetrics;
  readonly contentType: string;
  /** All metrics in the text format of Prometheus. */
  text(): Promise<string>;
  /**
   * Pushes the metrics to a Pushgateway, to the group with these labels and `job="wave-cron"`.
   * After a completed pass, the pushed metrics replace the metrics of the group. After an interrupted
   * or failed pass, the pushed metrics are added to the group, so metrics that only a completed pass
   * sets keep their values. If another process did the pass, nothing is pushed, because the other process pushes.
   *
   * @param url as in `pushMetrics`
   * @param grouping as in `pushMetrics`
   * @param stopRetrying as in `pushMetrics`
   * @throws WaveCronError as `pushMetrics`
   */
  push(
    url: string,
    grouping: Readonly<Record<string, string>>,
    stopRetrying?: AbortSignal,
  ): Promise<void>;
}

/**
 * Metrics of one process, with their own registry.
 *
 * @param options.kinds the kinds that passes handle. These kinds and the default kinds have series
 * even if there is no workload of the kind
 * @param options.process whether to include Node's process metrics, for a process that runs longer
 * than one pass
 */
export function createMetrics({
  traffic,
  clock,
  kinds = [],
  process,
}: {
  readonly kinds?: readonly WorkloadKind[];
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly process: boolean;
}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string) =>
    new Counter({ name: `wave_cron_${name}`, help, registers });
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `wave_cron_${name}`, help, registers });
  /** A gauge without a sample until it is set, because an initial value would be wrong. */
  const unsetGauge = (name: string, help: string) => {
    const made = gauge(name, help);
    made.remove();
    return made;
  };

  new Gauge({
    name: 'wave_cron_build_info',
    help: 'Always 1. The label is the version of wave-cron.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);

  const workloads = new Gauge({
    name: 'wave_cron_workloads',
    help: 'Workloads that opted in, by kind and by the reason code of the last completed pass. Absent if another process held or took the Lease in the last pass.',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const lastPassComplete = unsetGauge(
    'last_pass_complete',
    '1 if the last pass could handle every workload, otherwise 0. Absent if another process held the Lease.',
  );
  const oldestHeld = unsetGauge(
    'oldest_held_change_age_seconds',
    'Age of the oldest changed configuration that the rollout policy held back in the last completed pass. 0 if no configuration was held. Absent if another process held or took the Lease in the last pass.',
  );
  const templateUpdates = new Counter({
    name: 'wave_cron_template_updates_total',
    help: 'Changed pod templates by reason code. Each changed template is a rollout.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of allReasons) templateUpdates.inc({ reason }, 0);

  const ownerReferences = new Counter({
    name: 'wave_cron_owner_references_total',
    help: `Owner references to workloads that were added to or removed from ${allSources}.`,
    labelNames: ['change'],
    registers,
  });
  for (const change of ['added', 'removed']) ownerReferences.inc({ change }, 0);
  const passes = new Counter({
    name: 'wave_cron_passes_total',
    help: 'Passes by outcome: Completed, LeaseHeld (skipped, because another process held the Lease), LeaseLost, Interrupted, or Failed (the API server or the Lease could not be used).',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of Object.keys(outcomes)) passes.inc({ outcome }, 0);
  const duration = new Histogram({
    name: 'wave_cron_pass_duration_seconds',
    help: 'Duration of passes with any outcome except LeaseHeld.',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
    registers,
  });
  const lastPass = unsetGauge(
    'last_pass_timestamp_seconds',
    'Unix time of the end of the last pass with any outcome.',
  );
  const lastCompletedPass = unsetGauge(
    'last_completed_pass_timestamp_seconds',
    'Unix time of the end of the last completed pass of this process. Absent before the first completed pass.',
  );
  const nextPass = unsetGauge(
    'next_pass_timestamp_seconds',
    'Unix time of the start of the next pass. Absent in a process that runs only one pass.',
  );
  const ticksSkipped = counter(
    'ticks_skipped_total',
    'Scheduled starts that were skipped because a pass was still running.',
  );

  const leaseHeld = gauge('lease_held', '1 if this process holds the Lease, otherwise 0.');
  const leaseTakeovers = counter(
    'lease_takeovers_total',
    'How often this process took over the Lease from a holder that had stopped renewing it.',
  );
  const leaseLosses = counter(
    'lease_losses_total',
    'How often this process lost the Lease during a pass.',
  );

  new Counter({
    name: 'wave_cron_api_requests_total',
    help: 'Requests sent to the API server.',
    registers,
    collect() {
      this.reset();
      this.inc(traffic.requests);
    },
  });
  new Counter({
    name: 'wave_cron_api_received_bytes_total',
    help: 'Bytes in the response bodies of the API server of the cluster.',
    registers,
    collect() {
      this.reset();
      this.inc(traffic.bytesRead);
    },
  });
  const eventsLost = counter(
    'events_lost_total',
    'Events on workloads that could not be recorded.',
  );

  const notifications = notificationMetrics(registry);
  const watch = watchMetrics(process ? registry : new Registry());
  const triggers = triggerMetrics(process ? registry : new Registry());
  if (process) addProcessMetrics(registry);

  let last: Outcome | undefined;

  function ended(outcome: Outcome, durationMs: number, complete: boolean): void {
    last = outcome;
    passes.inc({ outcome });
    const now = secondsOf(clock.wallTime());
    lastPass.set(now);
    const { ours, figures } = outcomes[outcome];
    if (ours) {
      duration.observe(durationMs / 1000);
      lastPassComplete.set(complete ? 1 : 0);
    } else {
      lastPassComplete.remove();
    }
    if (figures !== 'kept') {
      workloads.reset();
      oldestHeld.remove();
    }
    if (figures === 'new') lastCompletedPass.set(now);
  }

  function setWorkloads(report: Report): void {
    for (const kind of withDefaultKinds(kinds)) {
      for (const reason of allReasons) workloads.set({ kind, reason }, 0);
    }
    for (const { kind, reason } of report.outcomes) workloads.inc({ kind, reason });
    oldestHeld.set((report.oldestHeldMs ?? 0) / 1000);
  }

  function countWrites(report: Report): void {
    for (const { reason, written, ownership } of report.outcomes) {
      if (written) templateUpdates.inc({ reason });
      ownerReferences.inc(
        { change: 'added' },
        (ownership?.referencesAdded.length ?? 0) + (ownership?.referencesAddedLeftOut ?? 0),
      );
      ownerReferences.inc(
        { change: 'removed' },
        (ownership?.referencesRemoved.length ?? 0) + (ownership?.referencesRemovedLeftOut ?? 0),
      );
    }
    eventsLost.inc(report.eventsLost);
  }

  return {
    passEnded(report) {
      ended(report.pass, report.durationMs, isComplete(report));
      countWrites(report);
      if (outcomes[report.pass].figures === 'new') setWorkloads(report);
    },
    partialPassEnded(report) {
      watch.partialPass();
      countWrites(report);
    },
    passFailed(durationMs) {
      ended('Failed', durationMs, false);
    },
    tickSkipped() {
      ticksSkipped.inc();
    },
    leaseEvent({ kind }) {
      const held = heldAfter[kind];
      if (held !== undefined) leaseHeld.set(held);
      if (kind === 'tookOver') leaseTakeovers.inc();
      if (kind === 'lost') leaseLosses.inc();
    },
    nextPass(at) {
      if (at === undefined) nextPass.remove();
      else nextPass.set(secondsOf(at));
    },
    watch,
    triggers,
    notifications,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    async push(url, grouping, stopRetrying) {
      if (last === undefined || !outcomes[last].ours) return;
      await pushMetrics(
        {
          url,
          grouping: { job: 'wave-cron', ...grouping },
          mode: outcomes[last].figures === 'new' ? 'replace' : 'add',
          contentType: registry.contentType,
          text: await registry.metrics(),
        },
        stopRetrying,
      );
    },
  };
}

type Outcome = PassReason | 'Failed';

/**
 * The effect of each outcome on the metrics. Only the holder of the Lease reports workloads.
 * Otherwise, a former holder would still report problems that were fixed since then, and the alerts
 * for them would continue.
 */
const outcomes = {
  Completed: { ours: true, figures: 'new' },
  LeaseHeld: { ours: false, figures: 'dropped' },
  LeaseLost: { ours: true, figures: 'dropped' },
  Interrupted: { ours: true, figures: 'kept' },
  Failed: { ours: true, figures: 'kept' },
} as const satisfies Record<
  Outcome,
  {
    /** Whether this process did the pass. */
    readonly ours: boolean;
    /** The treatment of the metrics of workloads. */
    readonly figures: 'new' | 'kept' | 'dropped';
  }
>;

const allReasons = Object.keys(reasons) as readonly Reason[];

/**
 * For each event, whether this process holds the Lease after it; undefined if the event does not
 * change this.
 */
const heldAfter = {
  acquired: 1,
  tookOver: 1,
  watching: 0,
  heldByOther: 0,
  renewalFailed: undefined,
  renewedLate: undefined,
  lost: 0,
  released: 0,
  leftToGroup: 0,
  leftHeld: 0,
  releaseFailed: 0,
  notReleased: 0,
} as const satisfies Record<LeaseEvent['kind'], 0 | 1 | undefined>;

function secondsOf(moment: Date): number {
  return moment.getTime() / 1000;
}

/**
 * Adds the process metrics of prom-client, except gauges that are named like counters, and except
 * the distribution of the event loop's delay. The timer of this distribution runs every 10 ms. In
 * an idle process, it costs 6 seconds of CPU time an hour, more than everything else together.
 */
function addProcessMetrics(registry: Registry): void {
  const anHour = 3_600_000;
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: anHour });
  for (const { name } of registry.getMetricsAsArray()) {
    const counts = registry.getSingleMetric(name) instanceof Counter;
    const isMisnamed = name.endsWith('_total') && !counts;
    if (isMisnamed || /^nodejs_eventloop_lag_\w+_seconds$/.test(name)) {
      registry.removeSingleMetric(name);
    }
  }
}
