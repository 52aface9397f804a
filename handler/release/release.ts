import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { LeaseNamespaceError } from '../../lib/lease/error.ts';
import type { LeaseListener } from '../../lib/lease/event.ts';
import { leaseClaims } from '../../lib/lease/timing.ts';
import { annotationKeysOf } from '../../lib/rules/annotations.ts';
import { holderInWords } from '../../lib/rules/shards.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import type { PassContext } from '../context.ts';
import { createGate } from '../gate.ts';
import { type HeldLease, type LeaseDeps, withLease } from '../with-lease.ts';
import { Releaser, type ReleaserObserver } from './releaser.ts';
import { isReleased, nothingReleased, type ReleaseReport } from './report.ts';
import type { ReleaseScope } from './traces.ts';

export interface ReleaseRequest extends ReleaseScope {
  /** False: everything is looked for, nothing is written, no lease is needed. */
  readonly write: boolean;
  /**
   * If everything is released, the lease is left held for so many seconds: for whoever removes the
   * rest of wave-cron next, and wants no pass to add owner references until then.
   */
  readonly keepLeaseSeconds?: number | undefined;
}

/** What a release works with. */
export interface ReleaseDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly lease: LeaseDeps;
  readonly observer?: ReleaseObserver;
  /** Aborted if it is to stop: writes under way are finished, none begins. */
  readonly signal: AbortSignal;
}

/** Observes a release. */
export interface ReleaseObserver extends ReleaserObserver {
  readonly lease?: LeaseListener;
  /** There is no Lease, and none can be made: it goes on without. */
  withoutLease?(why: string): void;
}

/**
 * Removes what wave-cron has written from the cluster: owner references, finalizers and records, and on
 * request the annotations of the templates. It looks while it holds the lease, so that no pass adds
 * anything behind its back; it remembers nothing, and running it again picks up what was left.
 *
 * @throws as `findTraces`, and UsageError if the Lease is another program's
 */
export async function release(request: ReleaseRequest, deps: ReleaseDeps): Promise<ReleaseReport> {
  const { observer = {}, signal: stop } = deps;
  const run = (held: HeldLease | undefined): Promise<ReleaseReport> =>
    new Releaser(request, observer, contextOf(request, deps, held)).release();
  if (!request.write) return await run(undefined);
  try {
    return await whileHeld(request, deps, run);
  } catch (error) {
    // No pass can take that Lease either, and what ends with its namespace must not wait for one.
    if (error instanceof LeaseNamespaceError) {
      observer.withoutLease?.(error.message);
      return await run(undefined);
    }
    // It was interrupted while it still waited for the lease.
    if (!stop.aborted || error !== stop.reason) throw error;
    return nothingReleased('Interrupted', wasInterrupted);
  }
}

const wasInterrupted = 'stop requested';
const notKept =
  'everything was released, but the Lease was not kept held, so a pass may add owner references again';

function contextOf(
  { settings }: ReleaseRequest,
  { cluster, clock, signal: stop }: ReleaseDeps,
  held: HeldLease | undefined,
): PassContext {
  const { reads, writes } = settings.concurrency;
  return {
    ...{ cluster, clock },
    annotationKeys: annotationKeysOf(settings.annotationPrefix),
    reads: new FairLimit(reads),
    writes: new FairLimit(writes),
    gate: createGate(held, stop, () => wasInterrupted),
    signal: held === undefined ? stop : AbortSignal.any([stop, held.lost]),
  };
}

async function whileHeld(
  { settings, keepLeaseSeconds }: ReleaseRequest,
  { clock, lease, observer, signal }: ReleaseDeps,
  run: (held: HeldLease) => Promise<ReleaseReport>,
): Promise<ReleaseReport> {
  let leftHeld = false;
  const on: LeaseListener = (event) => {
    leftHeld ||= event.kind === 'leftHeld';
    observer?.lease?.(event);
  };
  const leaveForSeconds = (report: ReleaseReport) =>
    isReleased(report) ? keepLeaseSeconds : undefined;
  const how = { ...leaseClaims(settings), clock, signal, ifReleased: 'take', on } as const;
  const result = await withLease(lease, { ...how, leaveForSeconds }, run);
  if (result.kind === 'heldByOther') {
    return nothingReleased('LeaseHeld', `${holderInWords(result.holder)} holds ${result.lease}`);
  }
  const { value } = result;
  if (leaveForSeconds(value) === undefined || leftHeld) return value;
  return { ...value, release: 'LeaseLost', sentence: notKept };
}
