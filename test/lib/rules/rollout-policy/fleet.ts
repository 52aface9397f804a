/**
 * A simulated fleet of workloads whose rollouts take time and may fail, and passes that apply the rules of this
 * folder. As in a cluster, each pass starts from the stored objects. Only the namespace that was served last is
 * kept between passes.
 */

import type { RolloutState } from '../../../../lib/kubernetes/kinds.ts';
import { type Given, givenAfter } from '../../../../lib/rules/rollout-policy/given.ts';
import {
  formatHistory,
  isHistoryOf,
  parseRolloutHistory,
} from '../../../../lib/rules/rollout-policy/history.ts';
import { askQueue } from '../../../../lib/rules/rollout-policy/queue.ts';
import type {
  Candidate,
  LeftAlone,
  Member,
  QueueLimits,
} from '../../../../lib/rules/rollout-policy/queue-state.ts';
import { failureOf } from '../../../../lib/rules/rollout-policy/stopped-by-failure.ts';
import { startedNow } from '../../../../lib/rules/rollout-policy/under-way.ts';
import { amountOf } from '../../../../lib/text/amount.ts';

/** The way in which the state of a workload shows that its rollout has failed. */
export type Tells = 'by its controller' | 'by being late' | 'never';

export interface Plan {
  readonly namespace: string;
  readonly name: string;
  readonly order: number;
  readonly sources: readonly string[];
  readonly tells: Tells;
  /** The duration of a successful rollout, in seconds. */
  readonly takes: number;
  /** Whether all rollouts of the workload fail, with any version of the sources. */
  readonly broken?: boolean;
  /**
   * Whether the Pods of the workload are not replaced, for example because the workload is paused.
   */
  readonly inert?: boolean;
}

interface Source {
  readonly version: string;
  /** Whether the rollouts of workloads with this version fail. */
  readonly bad: boolean;
}

/** The keys have a namespace and a name, such as `shop/ConfigMap/app`. */
type Sources = ReadonlyMap<string, Source>;

export class SimulatedWorkload {
  readonly plan: Plan;
  has: Sources = new Map();
  /** The annotation `/rollout-history`, as the last pass wrote it. */
  history: string | undefined;
  hash = '';
  startedAt = Number.NEGATIVE_INFINITY;
  writes = 0;
  /** The changed sources for which the last rollout of the workload was started. */
  got: ReadonlySet<string> = new Set();

  constructor(plan: Plan) {
    this.plan = plan;
  }

  get path(): string {
    return `${this.plan.namespace}/${this.plan.name}`;
  }

  hasBad(): boolean {
    return [...this.has.values()].some(({ bad }) => bad);
  }

  stateAt(now: number, ownDeadlineMs: number): RolloutState {
    const { tells, takes, broken, inert } = this.plan;
    if (inert) return { phase: 'inert', failure: 'not known' };
    const isGood = !broken && !this.hasBad();
    if (isGood && now >= this.startedAt + takes * 1000)
      return { phase: 'healthy', failure: 'not known' };
    if (tells === 'by being late') return { phase: 'unfinished', failure: 'if late' };
    if (tells === 'never') return { phase: 'unfinished', failure: 'not known' };
    // The controller detects the failure a moment after the deadline.
    const saidAt = this.startedAt + ownDeadlineMs + 5_000;
    return now >= saidAt
      ? { phase: 'unfinished', failure: 'said', saidAt, ownDeadlineMs }
      : { phase: 'unfinished', failure: 'not known', ownDeadlineMs };
  }
}

export interface FleetSettings {
  readonly limits: QueueLimits;
  readonly onFailure: 'stop' | 'continue';
  readonly ownDeadlineMs: number;
}

export class Fleet {
  readonly workloads: readonly SimulatedWorkload[];
  readonly sources = new Map<string, Source>();
  readonly #settings: FleetSettings;
  #after: string | undefined;
  #version = 0;
  /** The workloads that the last pass started although they had no place before. */
  started: SimulatedWorkload[] = [];
  /** The message of the last pass about each workload that it did not start. */
  said = new Map<SimulatedWorkload, string>();

  constructor(plans: readonly Plan[], settings: FleetSettings) {
    this.#settings = settings;
    this.workloads = plans.map((plan) => new SimulatedWorkload(plan));
    for (const { namespace, sources } of plans) {
      for (const source of sources) this.write(`${namespace}/${source}`, false, 0);
    }
    for (const workload of this.workloads) workload.has = this.#current(workload);
  }

  /** @param path such as `shop/ConfigMap/app` */
  write(path: string, bad: boolean, now: number): void {
    this.#version += 1;
    const version = `uid-${path},${this.#version},${new Date(now).toISOString()}`;
    this.sources.set(path, { version, bad });
  }

  isCurrent(workload: SimulatedWorkload): boolean {
    return this.#changed(workload).length === 0;
  }

  /** The sources that have changed since the workload was started, such as `ConfigMap/app`. */
  waitsFor(workload: SimulatedWorkload): ReadonlySet<string> {
    return new Set(this.#gets(workload).keys());
  }

  /**
   * The number of unfinished rollouts that passes started, without the rollouts that are past the
   * deadline.
   */
  underWay(now: number, namespace?: string): number {
    const { limits, ownDeadlineMs } = this.#settings;
    return this.workloads.filter(
      (each) =>
        (namespace === undefined || each.plan.namespace === namespace) &&
        each.writes > 0 &&
        each.stateAt(now, ownDeadlineMs).phase === 'unfinished' &&
        now < each.startedAt + limits.progressDeadlineMs,
    ).length;
  }

  limit(namespace?: string): number {
    const { all, perNamespace } = this.#settings.limits;
    const amount = namespace === undefined ? all : perNamespace;
    const count = this.workloads.filter(
      ({ plan }) => namespace === undefined || plan.namespace === namespace,
    ).length;
    return amount === undefined ? Number.POSITIVE_INFINITY : amountOf(amount, count);
  }

  /** @param order the order of the decisions, which must not change the result */
  pass(now: number, order: readonly SimulatedWorkload[] = this.workloads): void {
    const members = new Map(this.workloads.map((each) => [each.path, this.#memberOf(each, now)]));
    const candidates: Candidate[] = [];
    const left: LeftAlone[] = [];
    this.started = [];
    this.said = new Map();
    const { limits, onFailure } = this.#settings;
    for (const workload of order) {
      const gets = this.#gets(workload);
      if (gets.size === 0) continue;
      const name = nameOf(workload.plan);
      const near = [...members.values()].filter(({ namespace }) => namespace === name.namespace);
      const failure =
        onFailure === 'stop'
          ? failureOf(name, givenOf(workload), gets, near, now, limits.progressDeadlineMs)
          : undefined;
      const { order } = workload.plan;
      if (failure === undefined) candidates.push({ ...name, order, since: now, gets });
      else {
        left.push({ ...name, order, reason: 'StoppedByFailure', sources: new Set(gets.keys()) });
        this.said.set(workload, `StoppedByFailure ${failure.witness.name}`);
      }
    }
    const { starts, waiting, after } = askQueue({
      ...{ now, limits, candidates, left, after: this.#after, unread: undefined },
      members: [...members.values()],
    });
    this.#after = after;
    for (const { candidate } of starts) this.#start(this.#of(candidate), now);
    for (const [candidate, { why }] of waiting) this.said.set(this.#of(candidate), `Queued ${why}`);
  }

  #of({ namespace, name }: Candidate): SimulatedWorkload {
    const found = this.workloads.find((each) => each.path === `${namespace}/${name}`);
    if (found === undefined) throw new Error(`${namespace}/${name} is not in the fleet`);
    return found;
  }

  #memberOf(workload: SimulatedWorkload, now: number): Member {
    const { plan, startedAt } = workload;
    const base = { ...nameOf(plan), order: plan.order };
    const state = workload.stateAt(now, this.#settings.ownDeadlineMs);
    if (workload.writes === 0 || state.phase === 'inert' || state.phase === 'healthy') return base;
    return { ...base, underWay: { startedAt, state, given: givenOf(workload) } };
  }

  #start(workload: SimulatedWorkload, now: number): void {
    const state = workload.stateAt(now, this.#settings.ownDeadlineMs);
    const changed = this.#gets(workload);
    const all = new Map(
      [...this.#current(workload)].map(([path, { version }]) => [labelOf(path), version]),
    );
    const { progressDeadlineMs } = this.#settings.limits;
    const given = givenAfter(
      givenOf(workload),
      { startedAt: workload.startedAt, state },
      { all, changed },
      now,
      progressDeadlineMs,
    );
    workload.writes += 1;
    workload.got = new Set(changed.keys());
    workload.hash = `${workload.writes}`.padStart(12, '0').padEnd(64, 'f');
    workload.history = formatHistory([], now, 1, { hash: workload.hash, given });
    workload.has = this.#current(workload);
    workload.startedAt = startedNow(given, now).startedAt;
    this.started.push(workload);
  }

  #current({ plan }: SimulatedWorkload): Sources {
    return new Map(
      plan.sources.map((source): [string, Source] => {
        const path = `${plan.namespace}/${source}`;
        return [path, this.sources.get(path) ?? { version: '', bad: false }];
      }),
    );
  }

  #changed(workload: SimulatedWorkload): [string, Source][] {
    return [...this.#current(workload)].filter(
      ([path, { version }]) => workload.has.get(path)?.version !== version,
    );
  }

  #gets(workload: SimulatedWorkload): ReadonlyMap<string, string> {
    return new Map(this.#changed(workload).map(([path, { version }]) => [labelOf(path), version]));
  }
}

function givenOf({ history, hash }: SimulatedWorkload): Given {
  const parsed = parseRolloutHistory(history);
  return parsed !== undefined && isHistoryOf(parsed, hash) ? parsed.given : new Map();
}

function nameOf({ namespace, name }: Plan) {
  return { kind: 'Deployment', namespace, name } as const;
}

function labelOf(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}
