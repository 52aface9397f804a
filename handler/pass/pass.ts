import type { Traffic } from '../../lib/kubernetes/client/api-client.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { LeaseListener } from '../../lib/lease/event.ts';
import { leaseClaims } from '../../lib/lease/timing.ts';
import { countReasons, type Report } from '../../lib/rules/report.ts';
import { givenShard, holderInWords, requiredShard, shardText } from '../../lib/rules/shards.ts';
import { cursorText, parseCursor } from '../../lib/rules/turns.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { assertHeld, PassStopped, whyStopped } from '../interruption.ts';
import { type HeldLease, type LeaseDeps, withLease } from '../with-lease.ts';
import { type ReconcileObserver, type Work, work } from './reconcile.ts';

/** Why a pass is run. */
export interface PassRequest {
  readonly settings: Settings;
  /** False for a plan: everything is read and decided, nothing is written, no lease is needed. */
  readonly write: boolean;
  /**
   * Whether this pass is only for the case that no other process does it: where another one ends its
   * pass while this one waits for the lease, this one is skipped too. For several replicas on one
   * schedule, of which each would else do every pass. Default false.
   */
  readonly standby?: boolean;
}

/** What a pass works with. */
export interface PassDeps {
  readonly cluster: Cluster;
  /** Counts what is sent; the report takes the difference over the pass. */
  readonly traffic: Traffic;
  readonly clock: Clock;
  /** Who we are, for the events that we write. */
  readonly identity: string;
  /**
   * wave-cron's own, where a Secret is looked for whose setting names none. Default: that of the
   * Lease, else `default`.
   */
  readonly namespace?: string;
  /** Absent: the caller answers for it that no two passes write at the same time. */
  readonly lease?: LeaseDeps;
  /** Told as the pass goes on. */
  readonly observer?: PassObserver;
  /** Aborted where the pass is to stop: writes under way are finished, none begins. */
  readonly signal?: AbortSignal;
}

export interface PassObserver extends ReconcileObserver {
  readonly lease?: LeaseListener;
}

/**
 * One pass: holds the lease, lists the workloads that opted in, reads what they reference, decides
 * about each, and applies the decisions. It remembers nothing: running it again is always safe,
 * and picks up whatever an earlier one left undone.
 *
 * @throws UnreachableError where the cluster as a whole cannot be worked with, UsageError where
 * the Lease is another program's, the Secret of `hashKey` is not as it must be, or there are shards
 * and the settings do not say which this is
 */
export async function pass(
  { settings, write, standby = false }: PassRequest,
  { cluster, traffic, clock, identity, namespace, lease, observer = {}, signal: stop }: PassDeps,
): Promise<Report> {
  const { passTimeoutSeconds } = settings;
  const shard = write ? requiredShard(settings.shard) : givenShard(settings.shard);
  const began = clock.now();
  const before = { ...traffic };
  const report = (
    pass: Report['pass'],
    sentence: string | undefined,
    { outcomes, listed, listProblems, eventsLost, eventProblem, hashKeyProblem }: Work = noWork,
  ): Report => ({
    pass,
    ...(shard === undefined ? {} : { shard: shardText(shard) }),
    ...(sentence === undefined ? {} : { sentence }),
    outcomes,
    listProblems,
    unreached: listed - outcomes.length,
    eventsLost,
    ...(eventProblem === undefined ? {} : { eventProblem }),
    ...(hashKeyProblem === undefined ? {} : { hashKeyProblem }),
    counts: countReasons(outcomes),
    requests: traffic.requests - before.requests,
    bytesRead: traffic.bytesRead - before.bytesRead,
    durationMs: Math.round(clock.now() - began),
  });

  const tooLong = AbortSignal.timeout(passTimeoutSeconds * 1000);
  const cutShort = AbortSignal.any(stop === undefined ? [tooLong] : [stop, tooLong]);
  const whyCutShort = (): string =>
    stop?.aborted === true
      ? 'stop requested'
      : `it took longer than passTimeoutSeconds, ${passTimeoutSeconds} s`;

  let cursor: string | undefined;
  const run = async (held: HeldLease | undefined): Promise<Report> => {
    cursor = held?.cursor;
    const assertLeaseHeld = (): void => assertHeld(held);
    const assertMayWrite = (): void => {
      assertLeaseHeld();
      if (cutShort.aborted) throw new PassStopped('Interrupted', whyCutShort());
    };
    const signal = held === undefined ? cutShort : AbortSignal.any([cutShort, held.lost]);
    const done = await work(settings, write, {
      cluster,
      clock,
      identity,
      namespace: namespace ?? settings.lease.namespace ?? 'default',
      observer,
      cursor: parseCursor(cursor),
      random: lease?.random ?? Math.random,
      assertMayWrite,
      assertLeaseHeld,
      signal,
      serverTime: () => held?.serverTime() ?? clock.wallTime(),
    });
    // Lost after the last workload: its events were kept back, and nothing else would say so.
    const stopped = done.stopped ?? whyStopped(assertLeaseHeld);
    cursor = done.next && cursorText(done.next);
    return report(stopped?.pass ?? 'Completed', stopped?.message, done);
  };

  if (!write || lease === undefined) return await run(undefined);
  try {
    const on: LeaseListener = (event) => observer.lease?.(event);
    const ifReleased = standby ? 'leave' : 'take';
    const claims = leaseClaims(settings);
    const left = { cursor: () => cursor };
    const how = { ...claims, clock, signal: cutShort, ifReleased, on, ...left } as const;
    const result = await withLease(lease, how, run);
    if (result.kind === 'done') return result.value;
    const verb = result.seen === 'released' ? 'held' : 'holds';
    return report('LeaseHeld', `${holderInWords(result.holder)} ${verb} ${result.lease}`);
  } catch (error) {
    // Told to stop while it still waited for the lease.
    if (cutShort.aborted && error === cutShort.reason) return report('Interrupted', whyCutShort());
    throw error;
  }
}

const noWork: Work = {
  outcomes: [],
  listed: 0,
  listProblems: [],
  eventsLost: 0,
  eventProblem: undefined,
  hashKeyProblem: undefined,
  stopped: undefined,
  next: undefined,
};
