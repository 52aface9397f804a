import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import type { Traffic } from '../../lib/kubernetes/client/api-client.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { LeaseListener } from '../../lib/lease/event.ts';
import { leaseClaims } from '../../lib/lease/timing.ts';
import { annotationKeysOf } from '../../lib/rules/annotations.ts';
import { countReasons, type Report } from '../../lib/rules/report.ts';
import { givenShard, holderInWords, requiredShard, shardText } from '../../lib/rules/shards.ts';
import { cursorText, parseCursor } from '../../lib/rules/turns.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { PassContext } from '../context.ts';
import { createGate, thrownBy } from '../gate.ts';
import { type HeldLease, type LeaseDeps, withLease } from '../with-lease.ts';
import { Reconciler, type Work } from './reconcile.ts';
import type { ReconcileObserver } from './tally.ts';

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
export async function pass(request: PassRequest, deps: PassDeps): Promise<Report> {
  const { settings, write, standby = false } = request;
  const { clock, lease, observer } = deps;
  const report = startReport(request, deps);
  const end = endOf(settings, deps.signal);
  let cursor: string | undefined;
  const run = async (held: HeldLease | undefined): Promise<Report> => {
    cursor = held?.cursor;
    const done = await reconcile(request, deps, end, held);
    cursor = done.next && cursorText(done.next);
    return report(done.stopped?.pass ?? 'Completed', done.stopped?.message, done);
  };

  if (!write || lease === undefined) return await run(undefined);
  try {
    const on: LeaseListener = (event) => observer?.lease?.(event);
    const ifReleased = standby ? 'leave' : 'take';
    const claims = leaseClaims(settings);
    const left = { cursor: () => cursor };
    const how = { ...claims, clock, signal: end.signal, ifReleased, on, ...left } as const;
    const result = await withLease(lease, how, run);
    if (result.kind === 'done') return result.value;
    const verb = result.seen === 'released' ? 'held' : 'holds';
    return report('LeaseHeld', `${holderInWords(result.holder)} ${verb} ${result.lease}`);
  } catch (error) {
    // It was interrupted while it still waited for the lease.
    const { signal, why } = end;
    if (signal.aborted && error === signal.reason) return report('Interrupted', why());
    throw error;
  }
}

/** What ends a pass before it is done. */
interface End {
  readonly signal: AbortSignal;
  readonly why: () => string;
}

function endOf({ passTimeoutSeconds }: Settings, stop: AbortSignal | undefined): End {
  const tooLong = AbortSignal.timeout(passTimeoutSeconds * 1000);
  return {
    signal: AbortSignal.any(stop === undefined ? [tooLong] : [stop, tooLong]),
    why: () =>
      stop?.aborted === true
        ? 'stop requested'
        : `it took longer than passTimeoutSeconds, ${passTimeoutSeconds} s`,
  };
}

async function reconcile(
  { settings, write }: PassRequest,
  { cluster, clock, identity, namespace, lease, observer = {} }: PassDeps,
  end: End,
  held: HeldLease | undefined,
): Promise<Work> {
  const { annotationPrefix, compatibility, concurrency } = settings;
  const gate = createGate(held, end.signal, end.why);
  const context: PassContext = {
    ...{ cluster, clock, gate },
    annotationKeys: annotationKeysOf(annotationPrefix, compatibility),
    reads: new FairLimit(concurrency.reads),
    writes: new FairLimit(concurrency.writes),
    signal: held === undefined ? end.signal : AbortSignal.any([end.signal, held.lost]),
  };
  const work = {
    ...{ settings, write, identity, observer },
    namespace: namespace ?? settings.lease.namespace ?? 'default',
    cursor: parseCursor(held?.cursor),
    random: lease?.random ?? Math.random,
    serverTime: () => held?.serverTime() ?? clock.wallTime(),
  };
  const done = await new Reconciler(work, context).reconcile();
  // Lost after the last workload: its events were kept back, and nothing else would say so.
  return { ...done, stopped: done.stopped ?? thrownBy(gate.assertLeaseHeld) };
}

/** The report of a pass that starts now, to be completed when it has ended. */
function startReport(
  { settings, write }: PassRequest,
  { traffic, clock }: PassDeps,
): (pass: Report['pass'], sentence: string | undefined, work?: Work) => Report {
  const shard = write ? requiredShard(settings.shard) : givenShard(settings.shard);
  const began = clock.now();
  const before = { ...traffic };
  return (pass, sentence, work = noWork) => {
    const { outcomes, listed, listProblems, eventsLost, eventProblem, hashKeyProblem } = work;
    const { oldestHeldMs } = work;
    return {
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
      ...(oldestHeldMs === undefined ? {} : { oldestHeldMs }),
      requests: traffic.requests - before.requests,
      bytesRead: traffic.bytesRead - before.bytesRead,
      durationMs: Math.round(clock.now() - began),
    };
  };
}

const noWork: Work = {
  outcomes: [],
  listed: 0,
  listProblems: [],
  eventsLost: 0,
  eventProblem: undefined,
  hashKeyProblem: undefined,
  oldestHeldMs: undefined,
  stopped: undefined,
  next: undefined,
};
