import { pass } from '../../handler/pass/pass.ts';
import { describeError, type ExitStatus, exitStatus, UsageError } from '../../lib/errors.ts';
import type { Report } from '../../lib/rules/report.ts';
import { requiredShard } from '../../lib/rules/shards.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import { cronMoments } from '../../lib/schedule/cron.ts';
import { atIntervals, atMoments, type Pace, tick } from '../../lib/schedule/ticks.ts';
import { intervalMs } from '../../lib/settings/resync-interval.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { counted } from '../output/counted.ts';
import { logReport, passLog, plural } from '../output/pass-log.ts';
import { type ProbeAnswer, trackHealth } from '../serve/health.ts';
import { type Page, plain, serve } from '../serve/http-server.ts';
import { push } from '../serve/push.ts';
import type { Wiring } from '../wiring.ts';

/**
 * Passes on a schedule or at intervals, the first at once, until the signal: then no new write begins, those under
 * way come to their end, the lease is released, and the command ends with status 0. No failure of
 * a pass ends it: the next tick tries again.
 *
 * @throws UsageError if it cannot listen, does not know which shard it is, or its schedule never comes
 */
export async function schedule(
  settings: Settings,
  { deps, api, passLeaseName }: Wiring,
  log: Log,
  signal: AbortSignal,
): Promise<ExitStatus> {
  requiredShard(settings.shard);
  const { clock } = deps;
  const { pace, start, given } = paceOf(settings, clock);
  const jitterMs = settings.jitterSeconds * 1000;
  const metrics = createMetrics({ traffic: api.traffic, clock, process: true });
  const observer = counted(passLog(log, clock, { standby: true }), metrics);
  let isPassing = false;
  let skippedTicks = 0;

  const threePeriodsMs = (): number => pace.msUntil(3) + jitterMs;
  const health = trackHealth(clock, threePeriodsMs());

  function onSkipped(): void {
    skippedTicks += 1;
    metrics.tickSkipped();
  }

  /** Never rejects. */
  async function onTick(): Promise<void> {
    isPassing = true;
    await onePass();
    isPassing = false;
  }

  async function onePass(): Promise<void> {
    const began = clock.now();
    skippedTicks = 0;
    try {
      const request = { settings, write: true, standby: true };
      const report = await pass(request, { ...deps, observer, signal });
      logReport(log, report, { meantToStop: signal.aborted });
      metrics.passEnded(report);
      health.passEnded({ pass: report.pass }, threePeriodsOf(report));
    } catch (error) {
      const text = describeError(error);
      log.error({ pass: 'Failed' }, `the pass failed, the next tick tries again: ${text}`);
      metrics.passFailed(clock.now() - began);
      health.passEnded({ error: text }, 0);
    }
    if (skippedTicks > 0) {
      log.info({ skippedTicks }, `${plural(skippedTicks, 'tick')} skipped during this pass`);
    }
    reportNextPass();
    const { metricsPushUrl } = settings;
    if (metricsPushUrl !== undefined) {
      await push(metrics, metricsPushUrl, passLeaseName, log, signal);
    }
  }

  function reportNextPass(): void {
    metrics.nextPass(new Date(clock.wallTime().getTime() + pace.msUntil(1)));
  }

  /** A cluster too large for its schedule is slow, not ill. */
  const threePeriodsOf = ({ durationMs }: Report): number =>
    Math.max(threePeriodsMs(), 3 * durationMs);

  const server = await serve(settings.listen, {
    '/healthz': () => answer(health.healthz()),
    '/readyz': () => answer(health.readyz()),
    '/metrics': async () => ({
      status: 200,
      contentType: metrics.contentType,
      text: await metrics.text(),
    }),
  });
  try {
    log.info(
      { ...given, listen: server.address },
      `passes start now, then ${start}; /healthz, /readyz and /metrics are on ${server.address}`,
    );
    reportNextPass();
    const onStop = (): void => {
      health.stopping();
      const pass = isPassing ? '; no new write begins in the pass that is under way' : '';
      log.info(`stopping: ${reasonOf(signal)}${pass}`);
    };
    signal.addEventListener('abort', onStop, { once: true });
    if (signal.aborted) onStop();
    else
      await tick({ pace, clock, jitterMs, random: deps.lease.random, onTick, onSkipped }, signal);
  } finally {
    await server.close();
  }
  return exitStatus.done;
}

function answer({ ok, text }: ProbeAnswer): Page {
  return plain(ok ? 200 : 503, text);
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : 'asked to';
}

interface GivenPace {
  readonly pace: Pace;
  /** When passes start, in words and for the log. */
  readonly start: string;
  readonly given: Readonly<Record<string, string>>;
}

function paceOf({ resyncInterval, schedule, timeZone }: Settings, clock: Clock): GivenPace {
  if (resyncInterval !== undefined) {
    const pace = atIntervals(clock, intervalMs(resyncInterval));
    return { pace, start: `every ${resyncInterval}`, given: { resyncInterval } };
  }
  const pace = atMoments(clock, cronMoments(schedule, timeZone));
  if (pace.msUntil(1) === Number.POSITIVE_INFINITY) {
    throw new UsageError(
      `schedule is ${JSON.stringify(schedule)}: the clocks of ${timeZone} never show such a moment`,
    );
  }
  return { pace, start: `at "${schedule}" (${timeZone})`, given: { schedule, timeZone } };
}
