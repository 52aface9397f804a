import { WatchTriggers } from '../../handler/triggers/watch-triggers.ts';
import { describeError } from '../../lib/errors.ts';
import { createWatchClient } from '../../lib/kubernetes/client/watch-client.ts';
import type { EarlyPasses } from '../../lib/schedule/early-passes.ts';
import type { WatchMetrics } from '../../lib/telemetry/watch-metrics.ts';
import type { CommandContext } from '../command-context.ts';

/** The watches of `triggers.watch`, with log and metrics; undefined if there are none. */
export function watchTriggers(
  { settings, wiring, log }: CommandContext,
  early: EarlyPasses,
  metrics: WatchMetrics,
): WatchTriggers | undefined {
  if (settings.triggers.watch.length === 0) return undefined;
  const { connection, api, deps } = wiring;
  const on = {
    event: (kind: string) => metrics.event(kind),
    patched: (afterMs: number) => metrics.patched(afterMs),
    started: (watched: string, isFirst: boolean) => {
      const text = isFirst
        ? 'is watched'
        : 'is watched from its present version; a full pass follows';
      log[isFirst ? 'debug' : 'info']({ watched }, `${watched} ${text}`);
    },
    failed: (watched: string, error: unknown) => {
      metrics.failed();
      const text = describeError(error);
      log.warn({ watched }, `${watched} is not watched; it is tried again: ${text}`);
    },
  };
  const open = createWatchClient(connection);
  const { clock, lease } = deps;
  return new WatchTriggers(settings, { api, open, clock, random: lease.random, early, on });
}
