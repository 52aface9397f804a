import pLimit, { type LimitFunction } from 'p-limit';
import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { ahead, LightFirst, type Turn } from '../../lib/concurrency/light-first.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import { eventsOf } from '../../lib/rules/event.ts';
import type { HashKeys } from '../../lib/rules/hash/hash-keys.ts';
import { unhandledOutcome } from '../../lib/rules/outcome.ts';
import { byName, type ListProblem, type Outcome } from '../../lib/rules/report.ts';
import { inTurns } from '../../lib/rules/turns.ts';
import { type ListedName, readWorkload, type Workload } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { PassContext } from '../context.ts';
import { decisionRules } from '../decision/decide-workload.ts';
import { RevisionWrites } from '../decision/revision-writes.ts';
import { historyOfPass, historyOfPlan } from '../decision/write-history.ts';
import { type PassStopped, stoppedBy } from '../gate.ts';
import { Ownership } from '../ownership/ownership.ts';
import { firstHashKeys, readHashKeys } from '../reading/hash-keys.ts';
import { podsOf } from '../reading/pods.ts';
import { Sources } from '../reading/sources.ts';
import type { Keep } from '../reading/workload-list.ts';
import { workloadRules } from '../reading/workload-rules.ts';
import type { Applied } from './apply.ts';
import { Events } from './events.ts';
import { type HandlerDeps, WorkloadHandler } from './handle-workload.ts';
import {
  listAllCarriers,
  listOptedIn,
  type OptedIn,
  type Unhandled,
  unexpected,
} from './opted-in.ts';
import { type ReconcileObserver, Tally } from './tally.ts';

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
  /** By the clock of the API server if that is known. */
  readonly serverTime: () => Date;
}

/** The work that a pass did. */
export interface Work {
  readonly outcomes: readonly Outcome[];
  readonly listed: number;
  readonly listProblems: readonly ListProblem[];
  readonly eventsLost: number;
  readonly eventProblem: string | undefined;
  /** Why hashes were made without a key although `hashKey` is set. */
  readonly hashKeyProblem: string | undefined;
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
  readonly #keep: Keep;
  readonly #lists: LimitFunction;
  /**
   * Limits the workloads in progress. There are enough of them to use all reads and writes, even if
   * those of one namespace take half of the places.
   */
  readonly #inWork: FairLimit;
  readonly #lightFirst = new LightFirst();
  readonly #events: Events;
  readonly #tally: Tally;
  readonly #begun = new Set<Workload>();
  #ordered: readonly Workload[] = [];
  #listProblems: readonly ListProblem[] = [];
  #hashKeyProblem: string | undefined;
  #stopped: PassStopped | undefined;

  constructor(request: ReconcileRequest, context: PassContext) {
    const { settings, identity, observer } = request;
    const { reads, writes } = settings.concurrency;
    const rules = { ...workloadRules(settings), now: context.clock.wallTime() };
    this.#request = request;
    this.#context = context;
    this.#keep = (kind, object) => readWorkload(kind, object, rules);
    this.#lists = pLimit(reads);
    this.#inWork = new FairLimit(4 * (reads + writes), { leaveRoom: true });
    this.#events = new Events(context, identity);
    this.#tally = new Tally(observer);
  }

  /**
   * @throws UnreachableError if the cluster as a whole cannot be worked with, UsageError as
   * `readHashKeys`
   */
  async reconcile(): Promise<Work> {
    try {
      await this.#reconcile();
    } catch (error) {
      this.#stopped ??= stoppedBy(error, this.#context.gate);
      if (this.#stopped === undefined) throw error;
    }
    return {
      outcomes: this.#tally.outcomes,
      listed: this.#tally.listed,
      listProblems: this.#listProblems,
      eventsLost: this.#events.lost,
      eventProblem: this.#events.problem,
      hashKeyProblem: this.#hashKeyProblem,
      stopped: this.#stopped,
      next: this.#next(),
    };
  }

  async #reconcile(): Promise<void> {
    const { settings, namespace, cursor, random } = this.#request;
    const { cluster, annotationKeys, reads, signal } = this.#context;
    const ready = await readHashKeys(settings, namespace, cluster, signal);
    const found = await listOptedIn(this.#listDeps(), ready === undefined, this.#context);
    const { workloads, unhandled, problems } = found;
    this.#listProblems = problems;
    this.#tally.setListed(workloads.length + unhandled.length);
    const keys = ready ?? (await this.#makeHashKeys(found));
    const sources = new Sources(cluster, workloads, annotationKeys, reads, signal);
    const handler = this.#handler(sources, keys);
    this.#ordered = inTurns([...workloads].sort(byName), cursor, random);
    await Promise.all([
      ...unhandled.map((each) =>
        this.#inWork.run(each.workload.namespace, () => this.#leaveAlone(each)),
      ),
      ...this.#ordered.map((workload, at) =>
        this.#inWork.run(workload.namespace, () => this.#inItsTurn(workload, at, handler)),
      ),
    ]);
  }

  #listDeps() {
    return { settings: this.#request.settings, keep: this.#keep, lists: this.#lists };
  }

  async #makeHashKeys({ carriers, problems }: OptedIn): Promise<HashKeys> {
    const { settings, namespace, write } = this.#request;
    const { cluster, gate, signal } = this.#context;
    // The key is that of all shards, so their workloads count as well.
    const known =
      settings.shard.count > 1
        ? await listAllCarriers(this.#listDeps(), this.#context)
        : { carriers, isWhole: problems.length === 0 };
    const { assertMayWrite } = gate;
    const call = write ? { assertMayWrite, stopRetrying: signal } : undefined;
    const first = await firstHashKeys(known, namespace, cluster, signal, call);
    this.#hashKeyProblem = first.problem;
    return first.keys;
  }

  #handler(sources: Sources, keys: HashKeys): WorkloadHandler {
    const { settings, write, serverTime } = this.#request;
    const context = this.#context;
    const ownership = new Ownership(context, 'ours');
    const decision = {
      history: write ? historyOfPass(context) : historyOfPlan(context),
      pods: (workload, seen) => podsOf(workload, seen, context),
      revisions: new RevisionWrites(context, settings.rollouts.limit.count),
      rules: decisionRules(settings),
      now: serverTime,
    } satisfies HandlerDeps['decision'];
    const deps = { write, keep: this.#keep, ownership, sources, keys, decision };
    return new WorkloadHandler(deps, context);
  }

  async #leaveAlone({ workload, said }: Unhandled): Promise<void> {
    await this.#record({ workload, outcome: unhandledOutcome(workload, said) });
  }

  async #inItsTurn(workload: Workload, at: number, handler: WorkloadHandler): Promise<void> {
    // The workload at which the previous pass was interrupted does not wait for others.
    const isAhead = at === 0 && this.#request.cursor !== undefined;
    const turn = isAhead ? ahead : this.#lightFirst.begin(workload.namespace);
    try {
      if (this.#stopped === undefined) await this.#handle(workload, turn, handler);
    } finally {
      turn.end();
    }
  }

  async #handle(workload: Workload, turn: Turn, handler: WorkloadHandler): Promise<void> {
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
      applied = await handler.handle(workload, afterLight);
    } catch (error) {
      this.#stopped ??= stoppedBy(error, this.#context.gate);
      if (this.#stopped !== undefined) return;
      applied = { workload, outcome: unhandledOutcome(workload, unexpected(error)) };
    }
    this.#stopped ??= applied.cutShort;
    await this.#record(applied);
  }

  async #record({ workload, outcome, hashWrite }: Recordable): Promise<void> {
    this.#tally.add(outcome);
    if (!this.#request.write) return;
    for (const content of eventsOf(outcome, hashWrite)) {
      await this.#events.record(workload, content);
    }
  }

  #next(): WorkloadName | undefined {
    // If this pass ended before the order was known, the next pass starts at the same workload.
    const isOrdered = this.#stopped === undefined || this.#ordered.length > 0;
    if (!isOrdered) return this.#request.cursor;
    return this.#ordered.find((workload) => !this.#begun.has(workload));
  }
}

type Recordable = Pick<Applied, 'outcome' | 'hashWrite'> & { readonly workload: ListedName };
