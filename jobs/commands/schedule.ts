import { type NamedWorkloads, NeedsFullPass } from '../../handler/pass/named.ts';
import { describeError, type ExitStatus, exitStatus, UsageError } from '../../lib/errors.ts';
import type { PassReason } from '../../lib/rules/reason.ts';
import { requiredShard } from '../../lib/rules/shards.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import { cronMoments } from '../../lib/schedule/cron.ts';
import { type EarlyEnd, EarlyPasses } from '../../lib/schedule/early-passes.ts';
import {
  atIntervals,
  atMoments,
  type Pace,
  type TickCause,
  tick,
} from '../../lib/schedule/ticks.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { createMetrics, type Metrics } from '../../lib/telemetry/metrics.ts';
import { durationMs } from '../../lib/text/duration.ts';
import type { CommandContext } from '../command-context.ts';
import { plural } from '../output/pass-log.ts';
import { BearerToken } from '../serve/bearer-token.ts';
import { type Health, type ProbeAnswer, trackHealth } from '../serve/health.ts';
import { type HttpServer, type Page, type Pages, plain, serve } from '../serve/http-server.ts';
import { startWithSmallHeap } from '../serve/small-heap.ts';
import { type TriggerDeps, triggerPage } from '../serve/trigger.ts';
import { type Watching, watching } from '../serve/watch.ts';
import type { ReportSinks } from '../sinks/report-sink.ts';
import { reportSinks } from '../sinks/sink-list.ts';

/**
 * Runs passes on a schedule or at intervals until the signal is aborted. The first pass starts at
 * once. After the signal, no write starts, writes in progress are finished, the lease is released,
 * and the command ends with status 0. A failed pass does not end the command: the next tick starts
 * another pass.
 *
 * @param options.serve serves the probes, the metrics and the triggers. Default: over HTTP
 * @param options.metrics default: those of this process
 * @throws UsageError if it cannot listen, does not know its shard, or its schedule has no future
 * time
 */
export async function schedule(
  context: CommandContext,
  { serve: serveBy = serve, metrics = metricsOfProcess(context) }: ScheduleOptions = {},
): Promise<ExitStatus> {
  const { settings, wiring, log, signal } = context;
  requiredShard(settings.shard);
  const isWatching = settings.triggers.watch.length > 0;
  if (isWatching) startWithSmallHeap();
  const { clock, lease } = wiring.deps;
  const { pace, start, given } = paceOf(settings, clock);
  const jitterMs = settings.jitterSeconds * 1000;
  const threePeriodsMs = (): number => pace.msUntil(3) + jitterMs;
  const health = trackHealth(clock, threePeriodsMs());
  const early = new EarlyPasses({ clock, heldSpacingMs: isWatching ? heldSpacingMs : 0 });
  const watches = watching(context, early, metrics.watch);
  const sinks = await reportSinks(context, metrics, watches && [watches.triggers.observer]);
  const deps = { sinks, metrics, health, pace, early, watches, threePeriodsMs };
  const passes = new ScheduledPasses(context, deps);
  const requested: Pick<EarlyPasses, 'request'> = {
    request(scope) {
      watches?.wantLease();
      return early.request(scope);
    },
  };
  const post = triggerPages(settings, { early: requested, metrics: metrics.triggers, log, signal });
  const server = await serveBy(settings.listen, { get: probePages(health, metrics), post });
  const served = post === undefined ? '' : ', and POST /trigger';
  try {
    log.info(
      { ...given, listen: server.address },
      `passes start now, then ${start}; /healthz, /readyz and /metrics${served} are on ${server.address}`,
    );
    passes.reportNext();
    const onStop = (): void => {
      health.stopping();
      const pass = passes.isPassing ? '; the running pass starts no new write' : '';
      log.info(`stopping: ${reasonOf(signal)}${pass}`);
    };
    signal.addEventListener('abort', onStop, { once: true });
    const onTick = (cause: TickCause) => passes.pass(cause);
    const onSkipped = () => passes.skip();
    const { random } = lease;
    await watches?.start();
    if (signal.aborted) onStop();
    else await tick({ pace, early, clock, jitterMs, random, onTick, onSkipped }, signal);
  } finally {
    await watches?.end();
    await server.close();
    await sinks.close();
  }
  return exitStatus.done;
}

export interface ScheduleOptions {
  readonly serve?: (listen: string, pages: Pages) => Promise<HttpServer>;
  readonly metrics?: Metrics;
}

function metricsOfProcess({ settings, wiring }: CommandContext): Metrics {
  const { clock, traffic } = wiring.deps;
  return createMetrics({ traffic, clock, kinds: settings.kinds, process: true });
}

/** If a replica with watches does not get the Lease, it tries again after this time. */
const heldSpacingMs = 5000;

interface ScheduleDeps {
  readonly sinks: ReportSinks;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly pace: Pace;
  readonly early: EarlyPasses;
  /** Present with `triggers.watch`. */
  readonly watches: Watching | undefined;
  /** Milliseconds until the third tick from now. */
  readonly threePeriodsMs: () => number;
}

/** Runs scheduled and early passes one after the other, and reports to the metrics and probes. */
class ScheduledPasses {
  readonly #context: CommandContext;
  readonly #deps: ScheduleDeps;
  #isPassing = false;
  #skippedTicks = 0;

  constructor(context: CommandContext, deps: ScheduleDeps) {
    this.#context = context;
    this.#deps = deps;
  }

  get isPassing(): boolean {
    return this.#isPassing;
  }

  /** Never rejects. */
  async pass(cause: TickCause): Promise<void> {
    const { early, metrics, watches, sinks } = this.#deps;
    this.#isPassing = true;
    this.#skippedTicks = 0;
    const { requests = 0, scope = 'all' } = early.begin(cause === 'request') ?? {};
    if (cause === 'request') {
      metrics.triggers.passStarted();
      this.#context.log.debug(
        { requests },
        `an early pass starts for ${plural(requests, 'request')}`,
      );
    }
    const only = watches?.triggers.begin(scope, cause === 'schedule');
    const { end, isPartial } = await this.#partialOrFull(only);
    const skippedTicks = this.#skippedTicks;
    if (skippedTicks > 0) {
      const text = `${plural(skippedTicks, 'tick')} skipped during this pass`;
      this.#context.log.info({ skippedTicks }, text);
    }
    this.reportNext();
    await sinks.flush();
    this.#isPassing = false;
    early.end(end, isPartial);
    // Another pass is requested, so that this replica takes over soon after the Lease becomes free.
    if (end === 'held' && watches !== undefined) early.request('all');
    if (end === 'done') watches?.hasLease();
  }

  skip(): void {
    this.#skippedTicks += 1;
    this.#deps.metrics.tickSkipped();
  }

  reportNext(): void {
    const { metrics, pace } = this.#deps;
    const { clock } = this.#context.wiring.deps;
    metrics.nextPass(new Date(clock.wallTime().getTime() + pace.msUntil(1)));
  }

  async #partialOrFull(only: NamedWorkloads | undefined): Promise<Ended> {
    const triggers = this.#deps.watches?.triggers;
    if (only !== undefined) {
      const end = await this.#partialPass(only);
      if (end !== undefined) {
        triggers?.end(undefined);
        return { end, isPartial: true };
      }
      triggers?.beginFull();
    }
    const { end, readAll } = await this.#pass();
    triggers?.end({ readAll });
    return { end, isPartial: false };
  }

  /** @returns undefined if a full pass is needed */
  async #partialPass(only: NamedWorkloads): Promise<EarlyEnd | undefined> {
    const { settings, signal } = this.#context;
    if (only.workloads.length === 0) return 'done';
    const request = { settings, write: true, standby: this.#isStandby, only };
    try {
      const report = await this.#deps.sinks.pass(request, { ...this.#passDeps, signal });
      return earlyEnds[report.pass];
    } catch (error) {
      return error instanceof NeedsFullPass ? undefined : 'failed';
    }
  }

  async #pass(): Promise<{ readonly end: EarlyEnd; readonly readAll: boolean }> {
    const { settings, signal } = this.#context;
    const { sinks, health, threePeriodsMs } = this.#deps;
    const request = { settings, write: true, standby: this.#isStandby };
    try {
      const report = await sinks.pass(request, { ...this.#passDeps, signal });
      // If passes take longer than a period, the cluster is too large for the schedule, but the
      // process is healthy.
      const dueMs = Math.max(threePeriodsMs(), 3 * report.durationMs);
      health.passEnded({ pass: report.pass }, dueMs);
      const readAll = report.pass === 'Completed' && report.listProblems.length === 0;
      return { end: earlyEnds[report.pass], readAll };
    } catch (error) {
      health.passEnded({ error: describeError(error) }, 0);
      return { end: 'failed', readAll: false };
    }
  }

  get #isStandby(): boolean {
    return this.#deps.watches?.isStandby() ?? true;
  }

  get #passDeps() {
    return this.#deps.watches?.passDeps ?? this.#context.wiring.deps;
  }
}

interface Ended {
  readonly end: EarlyEnd;
  readonly isPartial: boolean;
}

const earlyEnds = {
  Completed: 'done',
  LeaseHeld: 'held',
  LeaseLost: 'failed',
  Interrupted: 'failed',
} as const satisfies Record<PassReason, EarlyEnd>;

function probePages(health: Health, metrics: Metrics): Pages['get'] {
  return {
    '/healthz': () => answer(health.healthz()),
    '/readyz': () => answer(health.readyz()),
    '/metrics': async () => ({
      status: 200,
      contentType: metrics.contentType,
      text: await metrics.text(),
    }),
  };
}

/** @throws UsageError if the file of the token has none */
function triggerPages({ triggers }: Settings, deps: Omit<TriggerDeps, 'token'>): Pages['post'] {
  const { tokenFile } = triggers.http;
  if (tokenFile === undefined) return undefined;
  const token = new BearerToken(tokenFile);
  const problem = token.problem();
  if (problem !== undefined) throw new UsageError(`triggers.http.tokenFile: ${problem}`);
  return { '/trigger': triggerPage({ ...deps, token }) };
}

function answer({ ok, text }: ProbeAnswer): Page {
  return plain(ok ? 200 : 503, text);
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : 'stop requested';
}

interface GivenPace {
  readonly pace: Pace;
  /** The times at which passes start, for messages and for the log. */
  readonly start: string;
  readonly given: Readonly<Record<string, string>>;
}

function paceOf({ resyncInterval, schedule, timeZone }: Settings, clock: Clock): GivenPace {
  if (resyncInterval !== undefined) {
    const pace = atIntervals(clock, durationMs(resyncInterval));
    return { pace, start: `every ${resyncInterval}`, given: { resyncInterval } };
  }
  const pace = atMoments(clock, cronMoments(schedule, timeZone));
  if (pace.msUntil(1) === Number.POSITIVE_INFINITY) {
    throw new UsageError(
      `schedule is ${JSON.stringify(schedule)}: no such time exists in ${timeZone}`,
    );
  }
  return { pace, start: `at "${schedule}" (${timeZone})`, given: { schedule, timeZone } };
}
