import { pass } from '../handler/pass.ts';
import { faultInWords } from '../handler/stop.ts';
import { cronTicks } from '../lib/cron.ts';
import { type ExitStatus, exitStatus } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { createMetrics } from '../lib/metrics.ts';
import type { Report } from '../lib/report.ts';
import type { Settings } from '../lib/settings/schema.ts';
import { requiredShard } from '../lib/shards.ts';
import { counted } from './counted.ts';
import { type ProbeAnswer, trackHealth } from './health.ts';
import { type Page, plain, serve } from './http-server.ts';
import { logReport, passLog, plural } from './pass-log.ts';
import { push } from './push.ts';
import type { Wiring } from './wiring.ts';

/**
 * Passes on a schedule, the first at once, until the signal: then no new write begins, those under
 * way come to their end, the lease is released, and the command ends with status 0. No failure of
 * a pass ends it: the next tick tries again.
 *
 * @throws UsageError where it cannot listen, or does not know which shard it is
 */
export async function schedule(
  settings: Settings,
  { means, api, passLeaseName }: Wiring,
  log: Log,
  signal: AbortSignal,
): Promise<ExitStatus> {
  requiredShard(settings.shard);
  const { clock } = means;
  const { schedule: expression, timeZone, jitterSeconds } = settings;
  const metrics = createMetrics({ traffic: api.traffic, clock, process: true });
  const observer = counted(passLog(log, clock, { standby: true }), metrics);
  let running: Promise<void> | undefined;
  let skippedTicks = 0;

  const onSkipped = (): void => {
    skippedTicks += 1;
    metrics.tickSkipped();
  };
  const ticks = cronTicks({ expression, timeZone, jitterSeconds, onTick, onSkipped });

  const threePeriodsMs = (): number => {
    const [, , third] = ticks.next(3);
    const untilThird = (third?.getTime() ?? 0) - clock.wallTime().getTime();
    return untilThird + jitterSeconds * 1000;
  };
  const health = trackHealth(clock, threePeriodsMs());

  /** Never rejects. */
  async function onTick(): Promise<void> {
    if (signal.aborted) return;
    // The first pass is not one of the cron's, which therefore does not see that it is under way.
    if (running !== undefined) return onSkipped();
    running = onePass();
    await running;
    running = undefined;
  }

  async function onePass(): Promise<void> {
    const began = clock.now();
    skippedTicks = 0;
    try {
      const request = { settings, write: true, standby: true };
      const report = await pass(request, { ...means, observer, signal });
      logReport(log, report, { meantToStop: signal.aborted });
      metrics.passEnded(report);
      health.passEnded({ pass: report.pass }, threePeriodsOf(report));
    } catch (error) {
      const text = faultInWords(error);
      log.error({ pass: 'Failed' }, `the pass failed, the next tick tries again: ${text}`);
      metrics.passFailed(clock.now() - began);
      health.passEnded({ error: text }, 0);
    }
    if (skippedTicks > 0) {
      log.info({ skippedTicks }, `${plural(skippedTicks, 'tick')} skipped during this pass`);
    }
    metrics.nextPass(ticks.next(1)[0]);
    const { metricsPushUrl } = settings;
    if (metricsPushUrl !== undefined) {
      await push(metrics, metricsPushUrl, passLeaseName, log, signal);
    }
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
      { schedule: expression, timeZone, listen: server.address },
      `a pass starts now and then at "${expression}" (${timeZone}); /healthz, /readyz and /metrics are on ${server.address}`,
    );
    void onTick();
    ticks.start();
    metrics.nextPass(ticks.next(1)[0]);
    const why = await aborted(signal);
    ticks.stop();
    health.stopping();
    log.info(
      running === undefined
        ? `stopping: ${why}`
        : `stopping: ${why}; no new write begins in the pass that is under way`,
    );
    await running;
  } finally {
    await server.close();
  }
  return exitStatus.done;
}

function answer({ ok, text }: ProbeAnswer): Page {
  return plain(ok ? 200 : 503, text);
}

/** Waits for the signal; why it came, in words. */
function aborted(signal: AbortSignal): Promise<string> {
  const why = (): string => (signal.reason instanceof Error ? signal.reason.message : 'asked to');
  return new Promise((resolve) => {
    if (signal.aborted) resolve(why());
    else signal.addEventListener('abort', () => resolve(why()), { once: true });
  });
}
