import pLimit from 'p-limit';
import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { kindAndName, type SourceName } from '../../lib/kubernetes/names.ts';
import { LeaseNamespaceError } from '../../lib/lease/error.ts';
import type { LeaseListener } from '../../lib/lease/event.ts';
import { leaseClaims } from '../../lib/lease/timing.ts';
import { annotationKeysOf } from '../../lib/rules/annotations.ts';
import type { PassReason } from '../../lib/rules/reason.ts';
import { byName, type ListProblem } from '../../lib/rules/report.ts';
import { holderInWords } from '../../lib/rules/shards.ts';
import { readAnyWorkload } from '../../lib/rules/workload.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import { assertHeld, describeError, PassStopped, stoppedBy } from '../interruption.ts';
import { Ownership } from '../ownership/ownership.ts';
import { type HeldLease, type LeaseDeps, withLease } from '../with-lease.ts';
import {
  type ReleaseDeps,
  type ReleasedWorkload,
  releasePreview,
  releaseWorkload,
} from './release-workload.ts';
import { findTraces, type ReleaseScope, type TracedSource, type TracedWorkload } from './traces.ts';

export interface ReleaseRequest extends ReleaseScope {
  /** False: everything is looked for, nothing is written, no lease is needed. */
  readonly write: boolean;
  /**
   * Where everything is released, the lease is left held for so many seconds: for whoever takes the
   * rest of wave-cron away next, and does not want a pass to mark anything meanwhile.
   */
  readonly keepLeaseSeconds?: number | undefined;
}

/** What a release works with. */
export interface ReleaseEnvironment {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly lease: LeaseDeps;
  readonly observer?: ReleaseObserver;
  /** Aborted where it is to stop: writes under way are finished, none begins. */
  readonly signal: AbortSignal;
}

/** Told as it goes on. */
export interface ReleaseObserver {
  readonly lease?: LeaseListener;
  /** There is no Lease, and none can be made: it goes on without. */
  withoutLease?(why: string): void;
  /** How many workloads and sources there are to release. */
  found?(number: number): void;
  /** One of them was handled. */
  handled?(): void;
}

/** What was, or would be, taken off a source that no workload answers for. */
export interface ReleasedSource extends SourceName {
  /** Whose references went, such as `Deployment/web`; none where it was the namespace's alone. */
  readonly owners: readonly string[];
  readonly problems: readonly string[];
}

/** All of it can be shown to anybody: no field holds the value of a source. */
export interface ReleaseReport {
  readonly release: PassReason;
  /** Why, where it did not complete. */
  readonly sentence?: string;
  readonly workloads: readonly ReleasedWorkload[];
  readonly sources: readonly ReleasedSource[];
  /** Workloads that were not looked at. */
  readonly listProblems: readonly ListProblem[];
  /** Sources among which marks that no workload records could not be looked for. */
  readonly notSearched: readonly ListProblem[];
  /** Workloads and sources that were found, but not reached before it was cut short. */
  readonly unreached: number;
}

/** Whether nothing that was found, or may be there, was left behind. */
export function isReleased({ release, workloads, sources, listProblems }: ReleaseReport): boolean {
  return (
    release === 'Completed' &&
    listProblems.length === 0 &&
    [...workloads, ...sources].every(({ problems }) => problems.length === 0)
  );
}

/**
 * Takes what wave-cron has written off the cluster: marks, finalizers and records, and where it is
 * asked for the annotations of the templates. It looks while it holds the lease, so that no pass
 * marks anything behind its back; it remembers nothing, and running it again picks up what was left.
 *
 * @throws as `findTraces`, and UsageError where the Lease is another program's
 */
export async function release(
  request: ReleaseRequest,
  { cluster, clock, lease, observer = {}, signal: stop }: ReleaseEnvironment,
): Promise<ReleaseReport> {
  const run = (held: HeldLease | undefined): Promise<ReleaseReport> => {
    const assertMayWrite = (): void => {
      assertHeld(held);
      if (stop.aborted) throw new PassStopped('Interrupted', wasInterrupted);
    };
    const signal = held === undefined ? stop : AbortSignal.any([stop, held.lost]);
    return work(request, { cluster, clock, observer, assertMayWrite, signal });
  };

  if (!request.write) return await run(undefined);
  try {
    let leftHeld = false;
    const on: LeaseListener = (event) => {
      leftHeld ||= event.kind === 'leftHeld';
      observer.lease?.(event);
    };
    const claims = leaseClaims(request.settings);
    const how = { ...claims, clock, signal: stop, ifReleased: 'take', on } as const;
    const leaveForSeconds = (report: ReleaseReport) =>
      isReleased(report) ? request.keepLeaseSeconds : undefined;
    const result = await withLease(lease, { ...how, leaveForSeconds }, run);
    if (result.kind === 'done') {
      const { value } = result;
      if (leaveForSeconds(value) === undefined || leftHeld) return value;
      return { ...value, release: 'LeaseLost', sentence: notKept };
    }
    return {
      ...nothing,
      release: 'LeaseHeld',
      sentence: `${holderInWords(result.holder)} holds ${result.lease}`,
    };
  } catch (error) {
    // No pass can take that Lease either, and what ends with its namespace must not wait for one.
    if (error instanceof LeaseNamespaceError) {
      observer.withoutLease?.(error.message);
      return await run(undefined);
    }
    // Told to stop while it still waited for the lease.
    if (!stop.aborted || error !== stop.reason) throw error;
    return { ...nothing, release: 'Interrupted', sentence: wasInterrupted };
  }
}

const wasInterrupted = 'stop requested';
const notKept =
  'everything was released, but the Lease was not kept held, so a pass may add owner references again';

const nothing = {
  workloads: [],
  sources: [],
  listProblems: [],
  notSearched: [],
  unreached: 0,
} as const;

async function work(
  { write, ...scope }: ReleaseScope & Pick<ReleaseRequest, 'write'>,
  {
    cluster,
    clock,
    observer,
    assertMayWrite,
    signal,
  }: {
    readonly cluster: Cluster;
    readonly clock: Clock;
    readonly observer: ReleaseObserver;
    /** Throws PassStopped where nothing may be begun any more. */
    readonly assertMayWrite: () => void;
    readonly signal: AbortSignal;
  },
): Promise<ReleaseReport> {
  const { annotationPrefix, crossNamespaceReferences, adoption, concurrency } = scope.settings;
  const annotationKeys = annotationKeysOf(annotationPrefix);
  const reads = pLimit(concurrency.reads);
  const writes = new FairLimit(concurrency.writes);
  const inWork = pLimit(2 * (concurrency.reads + concurrency.writes));
  let stopped: PassStopped | undefined;
  const workloads: ReleasedWorkload[] = [];
  const sources: ReleasedSource[] = [];

  /** Unless it was stopped: a fault on one must not keep the others from being released. */
  async function unlessStopped<T>(
    attempt: () => Promise<T>,
    failed: (why: string) => T,
  ): Promise<T | undefined> {
    if (stopped !== undefined) return undefined;
    try {
      assertMayWrite();
      return await attempt();
    } catch (error) {
      stopped ??= stoppedBy(error, assertMayWrite);
      return stopped === undefined ? failed(describeError(error)) : undefined;
    }
  }

  let found: Awaited<ReturnType<typeof findTraces>>;
  try {
    found = await findTraces(cluster, scope, reads, signal);
  } catch (error) {
    const why = stoppedBy(error, assertMayWrite);
    if (why === undefined) throw error;
    return { ...nothing, release: why.pass, sentence: why.message };
  }
  const searched = found.notSearched.length === 0;
  const preview = { annotationKeys, searched, annotations: scope.annotations };

  const ownership = new Ownership({
    cluster,
    clock,
    setting: 'off',
    whose: 'ours or of Wave',
    reads: new FairLimit(concurrency.reads),
    writes,
    assertMayWrite,
    signal,
  });

  async function releaseOne(traced: TracedWorkload): Promise<void> {
    const { kind, namespace, name } = traced.workload;
    const deps: ReleaseDeps = {
      ...preview,
      ...{
        cluster,
        clock,
        ownership,
        writes,
        assertMayWrite,
        stopRetrying: signal,
      },
      read: (object) =>
        readAnyWorkload(kind, object, {
          annotations: annotationKeys,
          crossNamespaceReferences,
          adoption,
        }),
    };
    const done = await unlessStopped<ReleasedWorkload>(
      () => releaseWorkload(traced, deps),
      (why) => ({
        ...{ kind, namespace, name, sources: [], annotations: [], restarts: false },
        finalizer: traced.workload.ownership.finalizer ? 'kept' : 'none',
        problems: [`it could not be released: ${why}`],
      }),
    );
    if (done === undefined) return;
    workloads.push(done);
    observer.handled?.();
  }

  async function clean({ owners, ...source }: TracedSource): Promise<void> {
    const released = { ...source, owners: owners.map(kindAndName) };
    const done = await unlessStopped<ReleasedSource>(
      async () => {
        await ownership.removeReferences(source, new Set(owners.map(({ uid }) => uid)));
        return { ...released, problems: [] };
      },
      (why) => ({
        ...{ ...source, owners: [] },
        problems: [`the owner references could not be removed: ${why}`],
      }),
    );
    if (done === undefined) return;
    sources.push(done);
    observer.handled?.();
  }

  if (write) {
    observer.found?.(found.workloads.length + found.sources.length);
    await Promise.all([
      ...found.workloads.map((each) => inWork(releaseOne, each)),
      ...found.sources.map((each) => inWork(clean, each)),
    ]);
  } else {
    workloads.push(...found.workloads.map((each) => releasePreview(each, preview)));
    for (const { owners, ...source } of found.sources) {
      const labels = owners.map(kindAndName);
      sources.push({ ...source, owners: labels, problems: [] });
    }
  }

  const { listProblems, notSearched } = found;
  return {
    release: stopped?.pass ?? 'Completed',
    ...(stopped === undefined ? {} : { sentence: stopped.message }),
    workloads: workloads.sort(byName),
    sources: sources.sort(byName),
    ...{ listProblems, notSearched },
    unreached: found.workloads.length + found.sources.length - workloads.length - sources.length,
  };
}
