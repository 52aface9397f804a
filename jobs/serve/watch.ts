import { LeaseKeeper } from '../../handler/lease-keeper.ts';
import { notingOwnWrites } from '../../handler/triggers/own-writes.ts';
import { WatchTriggers } from '../../handler/triggers/watch-triggers.ts';
import { describeError } from '../../lib/errors.ts';
import { type WatchDeps, watchMetadata } from '../../lib/kubernetes/metadata-watch.ts';
import { leasesPath, yieldKey } from '../../lib/lease/kubernetes-lock.ts';
import { yieldsOnRequest } from '../../lib/lease/record.ts';
import type { EarlyPasses } from '../../lib/schedule/early-passes.ts';
import type { WatchMetrics } from '../../lib/telemetry/watch-metrics.ts';
import type { CommandContext } from '../command-context.ts';

/** The additions of `triggers.watch` to scheduled passes. */
export interface Watching {
  readonly triggers: WatchTriggers;
  /** The dependencies for passes that keep the Lease and report their writes. */
  readonly passDeps: CommandContext['wiring']['deps'];
  /**
   * Must be called when a pass is requested that this replica has to run. That pass requests the Lease from a
   * holder that keeps it.
   */
  wantLease(): void;
  /** Whether the next pass is skipped if another replica holds the Lease. */
  isStandby(): boolean;
  /** Must be called when a pass got the Lease. */
  hasLease(): void;
  /** Starts the watches, and resolves when the first pass may begin. */
  start(): Promise<void>;
  /** Ends the watches and releases the Lease. */
  end(): Promise<void>;
}

/** Undefined if no kind is watched. */
export function watching(
  context: CommandContext,
  early: EarlyPasses,
  metrics: WatchMetrics,
): Watching | undefined {
  const { settings, wiring, signal } = context;
  if (settings.triggers.watch.length === 0) return undefined;
  const { api, openWatch, deps } = wiring;
  const { clock, lease } = deps;
  const { random } = lease;
  const watchDeps = { api, open: openWatch, clock, random };
  const on = listener(context, metrics);
  const triggers = new WatchTriggers(settings, {
    ...{ ...watchDeps, early, on },
    findKinds: deps.cluster.findKinds,
  });
  // The shards of a group hold their Lease together, so none of them can release it.
  const keeper = lease.shared === undefined ? new LeaseKeeper(clock) : undefined;
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  let ended: readonly Promise<void>[] = [];
  let wantsLease = false;
  return {
    triggers,
    passDeps: {
      ...deps,
      cluster: notingOwnWrites(deps.cluster, triggers.ownWrites),
      lease: keeper === undefined ? lease : { ...lease, keeper },
    },
    wantLease() {
      wantsLease = true;
    },
    isStandby: () => !wantsLease,
    hasLease() {
      wantsLease = false;
    },
    async start() {
      const watch = triggers.watch(until);
      const requests = keeper && watchRequests(context, keeper, watchDeps, until);
      ended = [watch.ended, ...(requests === undefined ? [] : [requests])];
      await watch.ready;
    },
    async end() {
      stop.abort();
      await Promise.all(ended);
      await keeper?.release();
    },
  };
}

/**
 * Watches the Lease for requests of other processes. Without this watch, only a renewal of the
 * Lease finds such requests.
 */
async function watchRequests(
  { wiring, log }: CommandContext,
  keeper: LeaseKeeper,
  deps: WatchDeps,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = wiring.passLeaseName;
  const scope = { path: leasesPath(namespace), query: { fieldSelector: `metadata.name=${name}` } };
  const on = {
    started: () => undefined,
    changed: ({ annotations }: { readonly annotations?: Annotations }) => {
      const value = annotations?.[yieldKey];
      if (value !== undefined && value !== yieldsOnRequest) keeper.request();
    },
    failed: (error: unknown) => {
      log.debug(`requests for the Lease are seen late: ${describeError(error)}`);
    },
  };
  await watchMetadata(scope, on, deps, signal);
}

type Annotations = Readonly<Record<string, string>> | null | undefined;

function listener({ log }: CommandContext, metrics: WatchMetrics) {
  return {
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
}
