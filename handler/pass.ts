import pLimit from 'p-limit';
import { annotationNames } from '../lib/annotations.ts';
import type { Clock } from '../lib/clock.ts';
import { decide } from '../lib/decide.ts';
import { WaveCronError } from '../lib/errors.ts';
import { workloadEvent } from '../lib/event.ts';
import type { Traffic } from '../lib/kubernetes/api-client.ts';
import type { Cluster } from '../lib/kubernetes/cluster.ts';
import type { WorkloadObject } from '../lib/pod-spec.ts';
import { reasons } from '../lib/reason.ts';
import {
  byName,
  countReasons,
  type ListProblem,
  type Outcome,
  type Report,
} from '../lib/report.ts';
import type { Settings } from '../lib/settings/schema.ts';
import { readWorkload, type Workload, type WorkloadKind } from '../lib/workload.ts';
import { type Applied, apply } from './apply.ts';
import { listWorkloads } from './list.ts';
import { Sources } from './sources.ts';
import { PassStopped } from './stop.ts';

/** Why a pass is run. */
export interface PassRequest {
  readonly settings: Settings;
  /** False for a plan: everything is read and decided, nothing is written. */
  readonly write: boolean;
}

/** What a pass works with. */
export interface PassMeans {
  readonly cluster: Cluster;
  /** Counts what `cluster` sends; the report takes the difference over the pass. */
  readonly traffic: Traffic;
  readonly clock: Clock;
  /** Who we are, for the events that we write. */
  readonly identity: string;
  /** Told as the pass goes on. */
  readonly observer?: PassObserver;
  /** Aborted where the pass is to stop: writes under way are finished, none begins. */
  readonly signal?: AbortSignal;
}

export interface PassObserver {
  listed?(workloads: number): void;
  outcome?(outcome: Outcome): void;
}

/**
 * One pass: lists the workloads that opted in, reads what they reference, decides about each, and
 * applies the decisions. It remembers nothing: running it again is always safe, and picks up
 * whatever an earlier one left undone.
 *
 * @throws UnreachableError where the cluster as a whole cannot be worked with
 */
export async function pass(
  { settings, write }: PassRequest,
  { cluster, traffic, clock, identity, observer = {}, signal: stop }: PassMeans,
): Promise<Report> {
  const began = clock.now();
  const before = { ...traffic };
  const names = annotationNames(settings.annotationPrefix);
  const { crossNamespaceReferences, concurrency, passTimeoutSeconds } = settings;
  const rules = { annotations: names, crossNamespaceReferences };
  const keep = (kind: WorkloadKind, object: WorkloadObject) => readWorkload(kind, object, rules);

  const tooLong = AbortSignal.timeout(passTimeoutSeconds * 1000);
  const signal = stop === undefined ? tooLong : AbortSignal.any([stop, tooLong]);
  const interrupted = () =>
    new PassStopped(
      'Interrupted',
      stop?.aborted === true
        ? 'it was told to stop'
        : `it took longer than passTimeoutSeconds, ${passTimeoutSeconds} s`,
    );

  const reads = pLimit(concurrency.reads);
  const writes = pLimit(concurrency.writes);
  /** Enough workloads in work to keep both busy, few enough that their data stays little. */
  const inWork = pLimit(2 * (concurrency.reads + concurrency.writes));

  const outcomes: Outcome[] = [];
  let listProblems: readonly ListProblem[] = [];
  let listed = 0;
  let stopped: PassStopped | undefined;
  let eventsLost = 0;
  let eventProblem: string | undefined;

  const beforeWrite = (): void => {
    if (signal.aborted) throw interrupted();
  };

  async function tell(workload: Workload, outcome: Outcome): Promise<void> {
    if (!write || !(outcome.written || reasons[outcome.reason].trouble)) return;
    try {
      await writes(() => {
        beforeWrite();
        const now = clock.wallTime();
        return cluster.tell(workloadEvent(workload, outcome, identity, now), now, signal);
      });
    } catch (error) {
      eventsLost += 1;
      eventProblem ??= error instanceof Error ? error.message : String(error);
    }
  }

  async function decideAndApply(workload: Workload, sources: Sources): Promise<Applied> {
    const readings = (of: Workload) => sources.of(of);
    if (write) {
      return await apply(workload, {
        cluster,
        names,
        limit: writes,
        beforeWrite,
        lastTry: signal,
        keep: (object) => keep(workload.kind, object),
        readings,
      });
    }
    const decision = decide(workload, await readings(workload));
    return { workload, decision, written: decision.stamp !== undefined };
  }

  async function handle(workload: Workload, sources: Sources): Promise<void> {
    if (stopped !== undefined) return;
    let applied: Applied;
    try {
      if (signal.aborted) throw interrupted();
      applied = await decideAndApply(workload, sources);
    } catch (error) {
      if (error instanceof PassStopped || signal.aborted) {
        stopped ??= error instanceof PassStopped ? error : interrupted();
        return;
      }
      applied = { workload, decision: unexpected(error), written: false };
    } finally {
      sources.release(workload);
    }
    const { kind, namespace, name } = workload;
    const { reason, sentence, changed } = applied.decision;
    const outcome = { kind, namespace, name, reason, sentence, changed, written: applied.written };
    outcomes.push(outcome);
    observer.outcome?.(outcome);
    await tell(applied.workload, outcome);
  }

  try {
    const { workloads, problems } = await listWorkloads(cluster, settings, keep, reads, signal);
    listProblems = problems;
    listed = workloads.length;
    observer.listed?.(listed);
    const sources = new Sources(cluster, workloads, names.ignore, reads, signal);
    const ordered = [...workloads].sort(byName);
    await Promise.all(ordered.map((workload) => inWork(handle, workload, sources)));
  } catch (error) {
    if (!signal.aborted) throw error;
    stopped ??= interrupted();
  }

  outcomes.sort(byName);
  return {
    pass: stopped?.pass ?? 'Completed',
    ...(stopped === undefined ? {} : { sentence: stopped.message }),
    outcomes,
    listProblems,
    unreached: listed - outcomes.length,
    counts: countReasons(outcomes),
    eventsLost,
    ...(eventProblem === undefined ? {} : { eventProblem }),
    requests: traffic.requests - before.requests,
    bytesRead: traffic.bytesRead - before.bytesRead,
    durationMs: Math.round(clock.now() - began),
  };
}

/** A fault of ours on one workload must not keep the others from being handled. */
function unexpected(error: unknown): Applied['decision'] {
  const what = error instanceof WaveCronError ? error.message : describe(error);
  return {
    reason: 'Failed',
    sentence: `it could not be handled: ${what}`,
    changed: [],
    stamp: undefined,
  };
}

/** The kind of an error that nobody foresaw. Not its message: that could quote what was read. */
function describe(error: unknown): string {
  return `unexpected ${error instanceof Error ? error.name : typeof error}; this is a fault in wave-cron`;
}
