import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { ahead, LightFirst, type Turn } from '../../lib/concurrency/light-first.ts';
import { type OncePer, oncePer } from '../../lib/concurrency/once-per.ts';
import { expectedError } from '../../lib/errors.ts';
import { byName, type WorkloadName, workloadKey } from '../../lib/kubernetes/names.ts';
import { eventsOf, isNews } from '../../lib/rules/event.ts';
import { type HashKeys, withoutKey } from '../../lib/rules/hash/hash-keys.ts';
import { unhandledOutcome } from '../../lib/rules/outcome.ts';
import {
  type KindNotServed,
  type ListProblem,
  type Outcome,
  oldestHold,
} from '../../lib/rules/report.ts';
import type { NamespaceReading } from '../../lib/rules/rollout-policy/holds.ts';
import type { Witness } from '../../lib/rules/rollout-policy/stopped-by-failure.ts';
import { inTurns } from '../../lib/rules/turns.ts';
import type { ListedName, Workload } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { PassContext } from '../context.ts';
import { type DecisionRules, decisionRules } from '../decision/decide-workload.ts';
import { namespacePolicies } from '../decision/namespace-policy.ts';
import { RevisionWrites } from '../decision/revision-writes.ts';
import type { Place, PolicyDeps } from '../decision/within-policy.ts';
import { historyOfPass, historyOfPlan } from '../decision/write-history.ts';
import { type PassStopped, stoppedBy } from '../gate.ts';
import { Ownership } from '../ownership/ownership.ts';
import { firstHashKeys, readHashKeys } from '../reading/hash-keys.ts';
import { podsOf } from '../reading/pods.ts';
import { Sources } from '../reading/sources.ts';
import type { Applied } from './apply.ts';
import { Events } from './events.ts';
import { type HandlerDeps, WorkloadHandler } from './handle-workload.ts';
import { type NamedWorkloads, NeedsFullPass, readNamed } from './named.ts';
import { type OptedIn, type Unhandled, unexpected } from './opted-in.ts';
import { RolloutQueue } from './rollout-queue.ts';
import { SecondPhase } from './second-phase.ts';
import { type ReconcileObserver, Tally } from './tally.ts';
import { WorkloadFinder } from './workload-finder.ts';

export interface ReconcileRequest {
  readonly settings: Settings;
  /** False for a plan. */
  readonly write: boolean;
  readonly identity: string;
  /** The namespace of wave-cron. */
  readonly namespace: string;
  readonly observer: ReconcileObserver;
  /** The workload at which the previous pass was interrupted: see turns.ts. */
  readonly cursor: WorkloadName | undefined;
  readonly random: () => number;
  /** Returns the time of the API server if that is known. */
  readonly serverTime: () => Date;
  /** The workloads of a partial pass; undefined: all. */
  readonly only?: NamedWorkloads | undefined;
  /** The option of PassRequest with this name. Always false if the pass writes. */
  readonly keyIsOptional: boolean;
}

/** The work that a pass did. */
export interface Work {
  readonly outcomes: readonly Outcome[];
  readonly listed: number;
  readonly listProblems: readonly ListProblem[];
  readonly kindsNotServed: readonly KindNotServed[];
  readonly eventsLost: number;
  readonly eventProblem: string | undefined;
  /** Why hashes were made without a key although `hashKey` is set. */
  readonly hashKeyProblem: string | undefined;
  /** The field of Report with this name. */
  readonly oldestHeldMs: number | undefined;
  /** Why the pass ended early; undefined if it did not. */
  readonly stopped: PassStopped | undefined;
  /** The first workload that was not started; undefined if all were. */
  readonly next: WorkloadName | undefined;
}

/**
 * The part of a pass between taking the lease and the report: lists, reads, decides and applies.
 * Used once.
 */
export class Reconciler {
  readonly #request: ReconcileRequest;
  readonly #context: PassContext;
  readonly #finder: WorkloadFinder;
  /**
   * Limits the workloads in progress. There are enough of them to use all reads and writes, even if
   * those of one namespace take half of the places.
   */
  readonly #inWork: FairLimit;
  readonly #lightFirst = new LightFirst();
  readonly #events: Events;
  readonly #tally: Tally;
  readonly #policy: DecisionRules;
  readonly #namespaces: OncePer<string, NamespaceReading>;
  readonly #beganAt: number;
  readonly #begun = new Set<Workload>();
  #ordered: readonly Workload[] = [];
  #listProblems: readonly ListProblem[] = [];
  #kindsNotServed: readonly KindNotServed[] = [];
  #hashKeyProblem: string | undefined;
  #stopped: PassStopped | undefined;

  constructor(request: ReconcileRequest, context: PassContext) {
    const { settings, identity, observer } = request;
    const { reads, writes } = settings.concurrency;
    this.#request = request;
    this.#context = context;
    this.#finder = new WorkloadFinder(request, context);
    this.#inWork = new FairLimit(4 * (reads + writes), { leaveRoom: true });
    this.#events = new Events(context, identity);
    this.#tally = new Tally(observer);
    this.#policy = decisionRules(settings, context.annotationKeys);
    this.#namespaces = namespacePolicies(context, this.#policy.rules);
    this.#beganAt = context.clock.now();
  }

  /** @throws UnreachableError if the cluster as a whole cannot be used; UsageError for the reasons of `readHashKeys` */
  async reconcile(): Promise<Work> {
    try {
      await this.#reconcile();
    } catch (error) {
      this.#stopped ??= stoppedBy(error, this.#context.gate);
      if (this.#stopped === undefined) throw error;
    }
    const { outcomes } = this.#tally;
    return {
      ...{ outcomes, oldestHeldMs: this.#ageOf(oldestHold(outcomes)) },
      listed: this.#tally.listed,
      listProblems: this.#listProblems,
      kindsNotServed: this.#kindsNotServed,
      eventsLost: this.#events.lost,
      eventProblem: this.#events.problem,
      hashKeyProblem: this.#hashKeyProblem,
      stopped: this.#stopped,
      next: this.#next(),
    };
  }

  #ageOf(time: string | undefined): number | undefined {
    if (time === undefined) return undefined;
    return Math.max(this.#request.serverTime().getTime() - Date.parse(time), 0);
  }

  async #reconcile(): Promise<void> {
    const { settings, namespace, cursor, random } = this.#request;
    const { cluster, signal } = this.#context;
    const reading = this.#orWithoutKey(() => readHashKeys(settings, namespace, cluster, signal));
    this.#readNamespaces();
    const found = await this.#finder.find(reading);
    const ready = await reading;
    const { unhandled, problems } = found;
    const workloads = found.workloads.toSorted(byName);
    this.#listProblems = problems;
    this.#kindsNotServed = found.kindsNotServed;
    this.#tally.setListed(workloads.length + unhandled.length);
    const keys = ready ?? (await this.#orWithoutKey(() => this.#makeHashKeys(found)));
    const sources = new Sources(this.#context, workloads);
    const queue = this.#queueOf(workloads, problems);
    this.#assertNoOthersCount(queue, workloads);
    const handler = this.#handler(sources, keys, queue);
    const second = this.#secondPhase(queue, sources, handler);
    this.#ordered = inTurns(workloads, cursor, random);
    const first = Promise.all([
      ...unhandled.map((each) =>
        this.#inWork.run(each.workload.namespace, () => this.#leaveAlone(each)),
      ),
      ...this.#ordered.map((workload, at) =>
        this.#inWork
          .run(workload.namespace, async () => {
            const applied = await this.#inItsTurn(workload, at, { handler, queue });
            if (applied?.postponed === undefined) return;
            second.add(workload, applied.postponed);
          })
          .finally(() => queue.decided(workload)),
      ),
    ]);
    if (queue.isUsed) {
      await this.#untilHalfTime(first);
      await second.start();
    }
    await first;
    if (this.#stopped === undefined) await second.finish(this.#waitMs());
  }

  /**
   * Starts to read the namespaces of a partial pass, because it writes almost all of its workloads, and needs
   * their namespaces for that.
   */
  #readNamespaces(): void {
    const names = this.#request.only?.workloads ?? [];
    for (const { namespace } of names) this.#namespaces(namespace).catch(() => undefined);
  }

  /** In a partial pass, no workload may have to wait for other workloads. */
  #assertNoOthersCount(queue: RolloutQueue, workloads: readonly Workload[]): void {
    if (this.#request.only === undefined) return;
    const hasOrder = workloads.some(({ rollouts }) => rollouts.order !== undefined);
    if (hasOrder || queue.isUsed) throw new NeedsFullPass('a workload may have to wait for others');
  }

  #queueOf(workloads: readonly Workload[], problems: readonly ListProblem[]): RolloutQueue {
    const { random, serverTime } = this.#request;
    const { limits } = this.#policy.rules;
    const unread = problems[0]?.what;
    return new RolloutQueue(workloads, { limits, unread, random, now: serverTime });
  }

  #secondPhase(queue: RolloutQueue, sources: Sources, handler: WorkloadHandler): SecondPhase {
    const handle = async (workload: Workload, place: Place) => {
      sources.add(workload);
      return await this.#inWork.run(workload.namespace, () =>
        this.#handle(workload, () => place, ahead, handler),
      );
    };
    const deps = { queue, keep: this.#finder.keepSeen, handle };
    const record = (applied: Applied) => this.#record(applied, queue);
    const isStopped = () => this.#stopped !== undefined;
    return new SecondPhase({ ...deps, record, isStopped }, this.#context);
  }

  /**
   * Waits for the first phase, but only until half of the pass's time is over. Tenants can make a pass last
   * until its time-out, so it must start rollouts before that. At half time, it starts those in the namespaces
   * in which all workloads are decided.
   */
  async #untilHalfTime(first: Promise<unknown>): Promise<void> {
    const { passTimeoutSeconds } = this.#request.settings;
    const { clock, signal } = this.#context;
    const over = new AbortController();
    const half = clock.sleep(passTimeoutSeconds * 500, AbortSignal.any([signal, over.signal]));
    try {
      await Promise.race([first, half.catch(() => undefined)]);
    } finally {
      over.abort();
    }
  }

  /**
   * The time that the pass may wait for rollouts. It needs the rest of its time to record the workloads that
   * still wait.
   */
  #waitMs(): number {
    const { rollouts, passTimeoutSeconds } = this.#request.settings;
    if (!this.#request.write) return 0;
    const left = this.#beganAt + passTimeoutSeconds * 900 - this.#context.clock.now();
    return Math.max(Math.min(rollouts.waitSeconds * 1000, left), 0);
  }

  /** If the key is optional, an error is only recorded. */
  async #orWithoutKey<T>(read: () => Promise<T>): Promise<T | HashKeys> {
    try {
      return await read();
    } catch (error) {
      if (!this.#request.keyIsOptional) throw error;
      this.#hashKeyProblem = expectedError(error, this.#context.signal).message;
      return withoutKey;
    }
  }

  async #makeHashKeys({ carriers, problems }: OptedIn): Promise<HashKeys> {
    const { settings, namespace, write } = this.#request;
    const { cluster, gate, signal } = this.#context;
    // All shards use the same key, so the workloads of all shards count.
    const known =
      settings.shard.count > 1
        ? await this.#finder.allCarriers()
        : { carriers, isWhole: problems.length === 0 };
    const { assertMayWrite } = gate;
    const call = write ? { assertMayWrite, stopRetrying: signal } : undefined;
    const first = await firstHashKeys(known, namespace, cluster, signal, call);
    this.#hashKeyProblem = first.problem;
    return first.keys;
  }

  #handler(sources: Sources, keys: HashKeys, queue: RolloutQueue): WorkloadHandler {
    const { write, serverTime, observer } = this.#request;
    const context = this.#context;
    const ownership = new Ownership(context, 'ours');
    const decision = {
      history: write ? historyOfPass(context) : historyOfPlan(context),
      pods: async (workload, seen) => {
        const pods = await podsOf(workload, seen, context);
        if (pods?.state === 'unreadable') observer.podsUnreadable?.(workload);
        return pods;
      },
      revisions: new RevisionWrites(context),
      policy: this.#policy,
      namespace: this.#namespaces,
      witnesses: this.#witnesses(queue),
      now: serverTime,
    } satisfies HandlerDeps['decision'];
    const onWhole = queue.update.bind(queue);
    const onSources: HandlerDeps['onSources'] = (workload, seen) =>
      observer.sources?.(workload, seen);
    const on = { onWhole, onSources };
    const deps = { write, keep: this.#finder.keepRead, ownership, sources, keys, decision, ...on };
    return new WorkloadHandler(deps, context);
  }

  /**
   * Finds the workloads in a namespace with unfinished rollouts. A partial pass reads those that it does not
   * handle itself on demand.
   */
  #witnesses(queue: RolloutQueue): (namespace: string) => Promise<readonly Witness[]> {
    const { only } = this.#request;
    if (only === undefined) return async (namespace) => queue.witnesses(namespace);
    const targets = new Set(only.workloads.map(workloadKey));
    return oncePer(async (namespace) => {
      const others = only.underWay(namespace).filter((name) => !targets.has(workloadKey(name)));
      for (const other of await readNamed(others, this.#finder.keepSeen, this.#context))
        queue.update(other);
      return queue.witnesses(namespace);
    });
  }

  async #leaveAlone({ workload, said }: Unhandled): Promise<void> {
    await this.#report({ workload, outcome: unhandledOutcome(workload, said) });
  }

  /**
   * Handles a workload whose turn has come.
   *
   * @returns the result to record later, because the workload waits for other workloads
   */
  async #inItsTurn(
    workload: Workload,
    at: number,
    { handler, queue }: { readonly handler: WorkloadHandler; readonly queue: RolloutQueue },
  ): Promise<Applied | undefined> {
    // The workload at which the previous pass was interrupted does not wait for others.
    const isAhead = at === 0 && this.#request.cursor !== undefined;
    const turn = isAhead ? ahead : this.#lightFirst.begin(workload.namespace);
    try {
      if (this.#stopped !== undefined) return undefined;
      const place = ({ namespace }: WorkloadName): Place => ({
        kind: queue.isNeeded(namespace) ? 'later' : 'start',
      });
      const applied = await this.#handle(workload, place, turn, handler);
      if (applied === undefined || applied.postponed !== undefined) return applied;
      await this.#record(applied, queue);
      return undefined;
    } finally {
      turn.end();
    }
  }

  /** @returns undefined if the pass was cut short before */
  async #handle(
    workload: Workload,
    place: PolicyDeps['place'],
    turn: Turn,
    handler: WorkloadHandler,
  ): Promise<Applied | undefined> {
    this.#begun.add(workload);
    const afterLight = async (): Promise<void> => {
      // If the pass ends during the wait, the next pass has to start with this workload.
      this.#begun.delete(workload);
      await turn.afterLight();
      this.#context.gate.assertMayWrite();
      this.#begun.add(workload);
    };
    let applied: Applied;
    try {
      applied = await handler.handle(workload, place, afterLight);
    } catch (error) {
      this.#stopped ??= stoppedBy(error, this.#context.gate);
      if (this.#stopped !== undefined) return undefined;
      applied = { workload, outcome: unhandledOutcome(workload, unexpected(error)) };
    }
    this.#stopped ??= applied.cutShort;
    return applied;
  }

  async #record(applied: Applied, queue: RolloutQueue): Promise<void> {
    queue.note(applied.workload, applied.outcome, applied.started);
    await this.#report(applied);
  }

  async #report({ workload, outcome, ...noted }: Reportable): Promise<void> {
    const added = this.#tally.add(outcome, noted);
    if (!this.#request.write) return;
    for (const content of eventsOf(outcome, noted)) {
      const record = await this.#events.record(workload, content);
      if (isNews(outcome, content, record)) this.#tally.addNews(added, content.reason);
    }
  }

  #next(): WorkloadName | undefined {
    // If this pass ended before the order was known, the next pass starts at the same workload.
    const isOrdered = this.#stopped === undefined || this.#ordered.length > 0;
    if (!isOrdered) return this.#request.cursor;
    return this.#ordered.find((workload) => !this.#begun.has(workload));
  }
}

type Reportable = Pick<Applied, 'outcome' | 'hashWrite' | 'holdIsNew'> & {
  readonly workload: ListedName;
};
