import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import type { Traffic } from '../../lib/kubernetes/client/api-client.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { LeaseListener } from '../../lib/lease/event.ts';
import { leaseClaims } from '../../lib/lease/timing.ts';
import { annotationKeysOfSettings } from '../../lib/rules/annotations.ts';
import { countReasons, type Report } from '../../lib/rules/report.ts';
import { givenShard, holderInWords, requiredShard, shardText } from '../../lib/rules/shards.ts';
import { cursorText, parseCursor } from '../../lib/rules/turns.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { PassContext } from '../context.ts';
import { createGate, thrownBy } from '../gate.ts';
import type { HeldLease } from '../held-lease.ts';
import { type LeaseDeps, withLease } from '../with-lease.ts';
import type { NamedWorkloads } from './named.ts';
import { Reconciler, type Work } from './reconcile.ts';
import type { ReconcileObserver } from './tally.ts';

/** The options of one pass. */
export interface PassRequest {
  readonly settings: Settings;
  /** False for a plan: it reads and decides everything, writes nothing, and needs no lease. */
  readonly write: boolean;
  /**
   * If true, the pass is skipped if another process completes a pass while this process waits for
   * the lease. Set it for replicas that share one schedule. Otherwise, each replica would run every
   * pass. Default: false.
   */
  readonly standby?: boolean;
  /**
   * If present, the pass is a partial pass over these workloads alone, which are read by name. The
   * report of a partial pass says nothing about other workloads. Default: a full pass.
   */
  readonly only?: NamedWorkloads;
  /**
   * Whether the pass works without the hash key. A plan runs with the permissions of a person, who
   * often may not read the key. If the key cannot be read, hashes are made without a key, and
   * `hashKeyProblem` in the report says so. Default: false.
   */
  readonly keyIsOptional?: boolean;
}

/** The dependencies of a pass. */
export interface PassDeps {
  readonly cluster: Cluster;
  /** Counts requests and bytes. The report contains the difference over the pass. */
  readonly traffic: Traffic;
  readonly clock: Clock;
  /** The identity of this process, for the Events that it writes. */
  readonly identity: string;
  /**
   * The namespace of wave-cron, for a Secret whose setting has no namespace. Default: the namespace
   * of the Lease, otherwise `default`.
   */
  readonly namespace?: string;
  /** If absent, the caller must make sure that no two passes write at the same time. */
  readonly lease?: LeaseDeps;
  /** Is called during the pass. */
  readonly observer?: PassObserver;
  /** Aborted to stop the pass: writes in progress are completed, and no new ones start. */
  readonly signal?: AbortSignal;
}

export interface PassObserver extends ReconcileObserver {
  readonly lease?: LeaseListener;
}

/**
 * One pass: takes the lease, lists the opted-in workloads, reads their sources, decides about each
 * workload, and applies the decisions. It keeps no state, so running it again is always safe and
 * completes the work of an interrupted pass.
 *
 * @throws UnreachableError if the cluster cannot be used at all; UsageError if the Lease belongs to
 * another program, if the Secret of `hashKey` is invalid, or if there are several shards and the
 * settings do not say which one this is; NeedsFullPass only from a partial pass
 */
export async function pass(request: PassRequest, deps: PassDeps): Promise<Report> {
  const { settings, write, standby = false } = request;
  const { clock, lease, observer } = deps;
  const report = startReport(request, deps);
  const end = endOf(settings, clock, deps.signal);
  let cursor: string | undefined;
  const run = async (held: HeldLease | undefined): Promise<Report> => {
    cursor = held?.cursor;
    const done = await reconcile(request, deps, end, held);
    // A partial pass does not change where the next full pass starts.
    if (request.only === undefined) cursor = done.next && cursorText(done.next);
    return report(done.stopped?.pass ?? 'Completed', done.stopped?.message, done);
  };

  const underLease = async (deps: LeaseDeps): Promise<Report> => {
    try {
      const on: LeaseListener = (event) => observer?.lease?.(event);
      const ifReleased = standby ? 'leave' : 'take';
      const claims = leaseClaims(settings);
      const left = { cursor: () => cursor };
      const wait = { ifReleased, requestsYield: !standby } as const;
      const how = { ...claims, clock, signal: end.signal, ...wait, on, ...left };
      const result = await withLease(deps, how, run);
      if (result.kind === 'done') return result.value;
      const verb = result.seen === 'released' ? 'held' : 'holds';
      return report('LeaseHeld', `${holderInWords(result.holder)} ${verb} ${result.lease}`);
    } catch (error) {
      // The pass was interrupted while it was waiting for the lease.
      const { signal, why } = end;
      if (signal.aborted && error === signal.reason) return report('Interrupted', why());
      throw error;
    }
  };
  try {
    return await (write && lease !== undefined ? underLease(lease) : run(undefined));
  } finally {
    end.passed();
  }
}

/** The ways to end a pass early. */
interface End {
  readonly signal: AbortSignal;
  readonly why: () => string;
  /**
   * Call it when the pass has ended. It stops the timer, and aborts the signal: Node keeps a signal
   * of `AbortSignal.any` that has listeners in memory until it is aborted.
   */
  readonly passed: () => void;
}

function endOf({ passTimeoutSeconds }: Settings, clock: Clock, stop: AbortSignal | undefined): End {
  const tooLong = new AbortController();
  const over = new AbortController();
  const timedOut = (): void => tooLong.abort(new DOMException('no time left', 'TimeoutError'));
  clock.sleep(passTimeoutSeconds * 1000, over.signal).then(timedOut, () => undefined);
  return {
    passed: () => {
      over.abort();
      tooLong.abort();
    },
    signal: AbortSignal.any(stop === undefined ? [tooLong.signal] : [stop, tooLong.signal]),
    why: () =>
      stop?.aborted === true
        ? 'stop requested'
        : `it took longer than passTimeoutSeconds, ${passTimeoutSeconds} s`,
  };
}

async function reconcile(
  { settings, write, only, keyIsOptional = false }: PassRequest,
  { cluster, clock, identity, namespace, lease, observer = {} }: PassDeps,
  end: End,
  held: HeldLease | undefined,
): Promise<Work> {
  const { concurrency } = settings;
  const gate = createGate(held, end.signal, end.why);
  const context: PassContext = {
    ...{ cluster, clock, gate },
    annotationKeys: annotationKeysOfSettings(settings),
    reads: new FairLimit(concurrency.reads),
    writes: new FairLimit(concurrency.writes),
    signal: held === undefined ? end.signal : AbortSignal.any([end.signal, held.lost]),
  };
  const work = {
    ...{ settings, write, identity, observer, only },
    keyIsOptional: keyIsOptional && !write,
    namespace: namespace ?? settings.lease.namespace ?? 'default',
    cursor: parseCursor(held?.cursor),
    random: lease?.random ?? Math.random,
    serverTime: () => held?.serverTime() ?? clock.wallTime(),
  };
  const done = await new Reconciler(work, context).reconcile();
  // The lease was lost after the last workload. Its Events were not sent, and nothing else reports
  // that.
  return { ...done, stopped: done.stopped ?? thrownBy(gate.assertLeaseHeld) };
}

/** The report of a pass that starts now; completed at the end of the pass. */
function startReport(
  { settings, write }: PassRequest,
  { traffic, clock }: PassDeps,
): (pass: Report['pass'], sentence: string | undefined, work?: Work) => Report {
  const shard = write ? requiredShard(settings.shard) : givenShard(settings.shard);
  const began = clock.now();
  const before = { ...traffic };
  return (pass, sentence, work = noWork) => {
    const { outcomes, listed, listProblems, eventsLost, eventProblem, hashKeyProblem } = work;
    const { oldestHeldMs, kindsNotServed } = work;
    return {
      pass,
      ...(shard === undefined ? {} : { shard: shardText(shard) }),
      ...(sentence === undefined ? {} : { sentence }),
      outcomes,
      listProblems,
      ...(kindsNotServed.length === 0 ? {} : { kindsNotServed }),
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
  kindsNotServed: [],
  eventsLost: 0,
  eventProblem: undefined,
  hashKeyProblem: undefined,
  oldestHeldMs: undefined,
  stopped: undefined,
  next: undefined,
};
