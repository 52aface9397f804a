import pLimit from 'p-limit';
import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { ahead, LightFirst, type Turn } from '../../lib/concurrency/light-first.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { ObjectMeta, WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { annotationKeysOf, domainsOf } from '../../lib/rules/annotations.ts';
import { decide, type SourcesSeen } from '../../lib/rules/decide.ts';
import type { HashKeys } from '../../lib/rules/hash/hash-keys.ts';
import { type Carrier, carrierOf } from '../../lib/rules/hash/keyed-records.ts';
import {
  changesAnything,
  noOwnershipChanges,
  plannedChanges,
  withOwnership,
} from '../../lib/rules/ownership/changes.ts';
import { boundOutcome, byName, type ListProblem, type Outcome } from '../../lib/rules/report.ts';
import { isHeavy, sketchIfLarge, sketchOf } from '../../lib/rules/sketch.ts';
import { inTurns } from '../../lib/rules/turns.ts';
import { withHold } from '../../lib/rules/with-hold.ts';
import { type ListedName, readWorkload, type Workload } from '../../lib/rules/workload.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { describeError, type PassStopped, stoppedBy } from '../interruption.ts';
import { Ownership } from '../ownership/ownership.ts';
import { firstHashKeys, readHashKeys } from '../reading/hash-keys.ts';
import { listWorkloads } from '../reading/list.ts';
import { podsOf } from '../reading/pods.ts';
import { readWhole } from '../reading/read-whole.ts';
import { Sources } from '../reading/sources.ts';
import { workloadRules } from '../reading/workload-rules.ts';
import { type Applied, apply, workloadTooLarge } from './apply.ts';
import { Events } from './events.ts';
import { RolloutPolicy } from './rollout-policy.ts';

export interface ReconcileDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly identity: string;
  /** wave-cron's own. */
  readonly namespace: string;
  readonly observer: ReconcileObserver;
  /** Where the pass before was cut short: see turns.ts. */
  readonly cursor: WorkloadName | undefined;
  readonly random: () => number;
  /** Throws PassStopped where nothing may be begun any more. */
  readonly assertMayWrite: () => void;
  /**
   * Throws PassStopped where not even an event about a write that was done may be sent. The next
   * pass finds nothing to do there, and so nothing to tell: it is now or never.
   */
  readonly assertLeaseHeld: () => void;
  /** Aborted once `assertMayWrite` throws: ends what only reads or waits. */
  readonly signal: AbortSignal;
  /** By the clock of the API server where that is known. */
  readonly serverTime: () => Date;
}

export interface ReconcileObserver {
  listed?(workloads: number): void;
  outcome?(outcome: Outcome): void;
}

/** What was done of a pass. */
export interface Work {
  readonly outcomes: readonly Outcome[];
  readonly listed: number;
  readonly listProblems: readonly ListProblem[];
  readonly eventsLost: number;
  readonly eventProblem: string | undefined;
  /** Why hashes were made without a key, though the setting `hashKey` asks for one. */
  readonly hashKeyProblem: string | undefined;
  /** Why not everything was done. */
  readonly stopped: PassStopped | undefined;
  /** The first workload that was not begun, if any was not. */
  readonly next: WorkloadName | undefined;
}

/**
 * Lists, reads, decides and applies: what a pass does between taking the lease and its report.
 *
 * @throws UnreachableError where the cluster as a whole cannot be worked with, UsageError as
 * `readHashKeys`
 */
export async function work(settings: Settings, write: boolean, deps: ReconcileDeps): Promise<Work> {
  const { cluster, clock, identity, namespace, observer, assertMayWrite, assertLeaseHeld, signal } =
    deps;
  const annotationKeys = annotationKeysOf(settings.annotationPrefix, settings.compatibility);
  const { concurrency } = settings;
  const rules = { ...workloadRules(settings), now: clock.wallTime() };
  const keep = (kind: WorkloadKind, object: WorkloadObject) => readWorkload(kind, object, rules);

  const lists = pLimit(concurrency.reads);
  const reads = new FairLimit(concurrency.reads);
  const writes = new FairLimit(concurrency.writes);
  /** Enough workloads in work to keep both busy, where those of one namespace take half of the places. */
  const inWork = new FairLimit(4 * (concurrency.reads + concurrency.writes), { leaveRoom: true });
  const lightFirst = new LightFirst();

  const ownership = new Ownership({
    cluster,
    clock,
    setting: settings.ownership,
    whose: 'ours',
    reads,
    writes,
    assertMayWrite,
    signal,
  });

  const events = new Events({
    ...{ cluster, clock, identity, writes, assertMayWrite, assertLeaseHeld, signal },
  });

  const { rollouts, timeZone } = settings;
  const rolloutPolicy = new RolloutPolicy({
    ...{
      cluster,
      annotationKeys,
      reads,
      signal,
      now: deps.serverTime,
      policy: { ...rollouts, timeZone },
    },
  });

  const outcomes: Outcome[] = [];
  let listProblems: readonly ListProblem[] = [];
  let listed = 0;
  let stopped: PassStopped | undefined;
  let ordered: readonly Workload[] = [];
  const begun = new Set<Workload>();
  let hashKeyProblem: string | undefined;

  async function decideAndApply(
    workload: Workload,
    sources: Sources,
    keys: HashKeys,
    beforeLarge: () => Promise<void>,
  ): Promise<Applied> {
    const seen = (of: Workload) => sources.of(of, keys, beforeLarge);
    const pods = (of: Workload, found: SourcesSeen) =>
      podsOf(of, found, { cluster, clock, limit: reads.of(of.namespace), signal });
    if (write) {
      return await apply(workload, {
        ownership,
        cluster,
        clock,
        annotationKeys,
        writes,
        assertMayWrite,
        stopRetrying: signal,
        keep: (object) => keep(workload.kind, object),
        sources: seen,
        pods,
        rolloutPolicy,
      });
    }
    const found = await seen(workload);
    const wanted = decide(workload, found, await pods(workload, found));
    const decision = await rolloutPolicy.apply(workload, wanted);
    const plan = ownership.plan(workload, decision, found.readings);
    const changes = plan === undefined ? noOwnershipChanges : plannedChanges(workload, plan);
    const written = decision.hashAnnotations !== undefined;
    return {
      workload,
      decision: withHold(workload, withOwnership(decision, changes, written)),
      written,
      ownership: changes,
    };
  }

  async function handle(
    workload: Workload,
    sources: Sources,
    keys: HashKeys,
    turn: Turn,
  ): Promise<void> {
    if (stopped !== undefined) return;
    begun.add(workload);
    const afterLight = async (): Promise<void> => {
      // Where the pass ends meanwhile, the next one is to begin with it.
      begun.delete(workload);
      await turn.afterLight();
      assertMayWrite();
      begun.add(workload);
    };
    let applied: Applied;
    let whole = workload;
    try {
      assertMayWrite();
      if (isHeavy(workload)) await afterLight();
      const read =
        workload.isSketch !== undefined
          ? await readWhole(workload, {
              ...{ cluster, reads, signal },
              keep: (object) => keep(workload.kind, object),
            })
          : workload;
      if ('decision' in read) {
        applied = read;
      } else {
        whole = read;
        if (whole !== workload) sources.add(whole);
        if (isHeavy(whole)) await afterLight();
        applied = await decideAndApply(whole, sources, keys, afterLight);
      }
    } catch (error) {
      stopped ??= stoppedBy(error, assertMayWrite);
      if (stopped !== undefined) return;
      applied = {
        workload,
        decision: unexpected(error),
        written: false,
        ownership: noOwnershipChanges,
      };
    } finally {
      sources.release(whole);
    }
    const { kind, namespace, name } = workload;
    const { reason, sentence, changed, blockers } = applied.decision;
    const { written, writtenDecision, ownership: changes } = applied;
    const { referencesAdded, referencesRemoved, finalizer } = changes;
    const outcome: Outcome = {
      ...{ kind, namespace, name, reason, sentence, changed, written },
      ...(blockers === undefined ? {} : { blockers }),
      ...(changesAnything(changes)
        ? { ownership: { referencesAdded, referencesRemoved, finalizer } }
        : {}),
    };
    stopped ??= applied.cutShort;
    report(outcome);
    const hash = writtenDecision?.hashAnnotations?.hash;
    if (!write) return;
    await events.record(applied.workload, { reason, sentence, written, hash });
    // A fault of ownership is told in place of the rollout, whose event is a memory: see reverted.ts.
    if (writtenDecision !== undefined && writtenDecision.reason !== reason) {
      await events.record(applied.workload, { ...writtenDecision, written, hash });
    }
  }

  async function leaveAlone(
    workload: ListedName,
    { reason, sentence, changed }: Pick<Outcome, 'reason' | 'sentence' | 'changed'>,
  ): Promise<void> {
    const { kind, namespace, name } = workload;
    const outcome = { kind, namespace, name, reason, sentence, changed, written: false };
    report(outcome);
    if (write) await events.record(workload, outcome);
  }

  function report(full: Outcome): void {
    const outcome = boundOutcome(full);
    outcomes.push(outcome);
    observer.outcome?.(outcome);
  }

  async function makeHashKeys(listed: readonly Carrier[], all: boolean): Promise<HashKeys> {
    let carriers = listed;
    let isWhole = all;
    if (settings.shard.count > 1) {
      // The key is that of all shards, so their workloads count as well.
      const of = { ...settings, shard: { count: 1 } };
      const ofAll: Carrier[] = [];
      const note = (kind: WorkloadKind, object: WorkloadObject): undefined => {
        const workload = keep(kind, object);
        if (workload !== undefined) ofAll.push(carrierOf(workload));
      };
      const other = await listWorkloads(
        cluster,
        of,
        note,
        lists,
        signal,
        domainsOf(annotationKeys),
      );
      carriers = ofAll;
      isWhole = other.problems.length === 0;
    }
    const call = write ? { assertMayWrite, stopRetrying: signal } : undefined;
    const first = await firstHashKeys({ carriers, isWhole }, namespace, cluster, signal, call);
    hashKeyProblem = first.problem;
    return first.keys;
  }

  try {
    const ready = await readHashKeys(settings, namespace, cluster, signal);
    const carriers: Carrier[] = [];
    const sketch = (kind: WorkloadKind, object: WorkloadObject) => {
      const workload = keep(kind, object);
      if (workload === undefined) return undefined;
      if (ready === undefined) carriers.push(carrierOf(workload));
      return sketchIfLarge(workload);
    };
    // Reloader's annotations may stand on the pod template, of which metadata say nothing.
    const byMetadata = settings.compatibility.includes('reloader')
      ? undefined
      : (kind: WorkloadKind, metadata: ObjectMeta) => {
          const workload = sketch(kind, { metadata });
          if (workload === undefined || workload.isSketch !== undefined) return workload;
          return sketchOf(workload, 'its page was large');
        };
    const found = await listWorkloads(
      ...([
        cluster,
        settings,
        sketch,
        lists,
        signal,
        domainsOf(annotationKeys),
        byMetadata,
      ] as const),
    );
    const { workloads, problems } = found;
    const left = [
      ...found.unread.map((each) => ({ workload: each, ...unexpected(each.error) })),
      ...found.tooLarge.filter(({ kept }) => kept).map((each) => ({ workload: each, ...tooLarge })),
    ];
    listProblems = problems;
    listed = workloads.length + left.length;
    observer.listed?.(listed);
    const keys = ready ?? (await makeHashKeys(carriers, problems.length === 0));
    const sources = new Sources(cluster, workloads, annotationKeys, reads, signal);
    ordered = inTurns([...workloads].sort(byName), deps.cursor, deps.random);
    await Promise.all([
      ...left.map(({ workload, ...outcome }) =>
        inWork.run(workload.namespace, () => leaveAlone(workload, outcome)),
      ),
      ...ordered.map((workload, at) =>
        inWork.run(workload.namespace, async () => {
          // What the pass before did not come to waits for nobody.
          const turn =
            at === 0 && deps.cursor !== undefined ? ahead : lightFirst.begin(workload.namespace);
          try {
            await handle(workload, sources, keys, turn);
          } finally {
            turn.end();
          }
        }),
      ),
    ]);
  } catch (error) {
    stopped ??= stoppedBy(error, assertMayWrite);
    if (stopped === undefined) throw error;
  }

  outcomes.sort(byName);
  // Where not even the order is known, the next pass has to begin where this one was to.
  const isOrdered = stopped === undefined || ordered.length > 0;
  const next = isOrdered ? ordered.find((workload) => !begun.has(workload)) : deps.cursor;
  const lost = { eventsLost: events.lost, eventProblem: events.problem };
  const problems = { listProblems, ...lost, hashKeyProblem };
  return { outcomes, listed, ...problems, stopped, next };
}

const tooLarge: Pick<Outcome, 'reason' | 'sentence' | 'changed'> = {
  reason: 'TooLarge',
  sentence: workloadTooLarge,
  changed: [],
};

/** A fault of ours on one workload must not keep the others from being handled. */
function unexpected(error: unknown): Applied['decision'] {
  return {
    reason: 'Failed',
    sentence: `it could not be handled: ${describeError(error)}`,
    changed: [],
    hashAnnotations: undefined,
  };
}
