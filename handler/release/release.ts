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
import type { HeldLease } from '../held-lease.ts';
import { type LeaseDeps, withLease } from '../with-lease.ts';
import { Releaser, type ReleaserObserver } from './releaser.ts';
import { isReleased, nothingReleased, type ReleaseReport } from './report.ts';
import type { ReleaseScope } from './traces.ts';

export interface ReleaseRequest extends ReleaseScope {
  /** False for a preview, which finds everything, writes nothing, and needs no lease. */
  readonly write: boolean;
  /**
   * If everything was released, the lease stays held for this many seconds, so no pass adds owner
   * references again. wave-cron can be uninstalled in this time.
   */
  readonly keepLeaseSeconds?: number | undefined;
}

/** The dependencies of a release. */
export interface ReleaseDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly lease: LeaseDeps;
  readonly observer?: ReleaseObserver;
  /** Aborted to stop the release: writes in progress are completed, and no further write starts. */
  readonly signal: AbortSignal;
}

/** Observes a release. */
export interface ReleaseObserver extends ReleaserObserver {
  readonly lease?: LeaseListener;
  /**
   * Called if the Lease does not exist and cannot be created. The release continues without the
   * Lease.
   */
  withoutLease?(why: string): void;
}

/**
 * Removes everything that wave-cron wrote from the cluster: owner references, finalizers and
 * records, and on request the annotations of the templates. It searches while it holds the lease,
 * so no pass adds anything at the same time. It keeps no state: if it did not remove everything,
 * run it again to complete the work.
 *
 * @throws the errors of `findTraces`; UsageError if the Lease belongs to another program
 */
export async function release(request: ReleaseRequest, deps: ReleaseDeps): Promise<ReleaseReport> {
  const { observer = {}, signal: stop } = deps;
  const run = (held: HeldLease | undefined): Promise<ReleaseReport> =>
    new Releaser(request, observer, contextOf(request, deps, held)).release();
  if (!request.write) return await run(undefined);
  try {
    return await whileHeld(request, deps, run);
  } catch (error) {
    // The namespace of the Lease is missing or being deleted, so no pass can take the Lease either.
    // If a workload is deleted together with its namespace, its deletion must not wait for the
    // Lease.
    if (error instanceof LeaseNamespaceError) {
      observer.withoutLease?.(error.message);
      return await run(undefined);
    }
    // The release was interrupted while it was waiting for the lease.
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
  const wait = { ifReleased: 'take', requestsYield: true } as const;
  const how = { ...leaseClaims(settings), clock, signal, ...wait, on };
  const result = await withLease(lease, { ...how, leaveForSeconds }, run);
  if (result.kind === 'heldByOther') {
    return nothingReleased('LeaseHeld', `${holderInWords(result.holder)} holds ${result.lease}`);
  }
  const { value } = result;
  if (leaveForSeconds(value) === undefined || leftHeld) return value;
  return { ...value, release: 'LeaseLost', sentence: notKept };
}
