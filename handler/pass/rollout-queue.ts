import { recordName, type WorkloadName, workloadKey } from '../../lib/kubernetes/names.ts';
import { isHold, reasons } from '../../lib/rules/reason.ts';
import type { Outcome } from '../../lib/rules/report.ts';
import { identityOf } from '../../lib/rules/resolve.ts';
import type { Given } from '../../lib/rules/rollout-policy/given.ts';
import { keepsPlace } from '../../lib/rules/rollout-policy/places.ts';
import { askQueue, type QueueAnswer } from '../../lib/rules/rollout-policy/queue.ts';
import {
  type Candidate,
  type LeftAlone,
  type Member,
  mostOrdered,
  type QueueLimits,
} from '../../lib/rules/rollout-policy/queue-state.ts';
import { orderOf } from '../../lib/rules/rollout-policy/rollout-order.ts';
import type { Witness } from '../../lib/rules/rollout-policy/stopped-by-failure.ts';
import { startedNow } from '../../lib/rules/rollout-policy/under-way.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { referencesOf } from '../reading/wanted.ts';

/** The facts and settings that the queue needs. */
export interface QueueDeps {
  readonly limits: QueueLimits;
  /** The name of the first list that could not be read; undefined if all lists were read. */
  readonly unread: string | undefined;
  readonly random: () => number;
  /** The time of the API server, or the local time if the time of the API server is not known. */
  readonly now: () => Date;
}

/**
 * The rollouts of a pass: which ones are under way, and which ones wait for their turn. It collects
 * the state that queue.ts needs.
 *
 * It passes the candidates of a namespace to the queue only after the pass has decided about all
 * workloads of the namespace.
 */
export class RolloutQueue {
  readonly #deps: QueueDeps;
  readonly #members = new Map<string, Member>();
  readonly #undecided = new Map<string, number>();
  readonly #ordered: ReadonlySet<string>;
  readonly #candidates = new Map<string, Candidate>();
  readonly #left = new Map<string, LeftAlone>();
  readonly #witnesses = new Map<string, Witness[]>();
  #after: string | undefined;

  /** @param workloads by name */
  constructor(workloads: readonly Workload[], deps: QueueDeps) {
    this.#deps = deps;
    for (const workload of workloads) {
      const { namespace } = workload;
      this.#members.set(workloadKey(workload), memberOf(workload));
      this.#undecided.set(namespace, (this.#undecided.get(namespace) ?? 0) + 1);
    }
    this.#ordered = namespacesWithOrders(this.#members.values());
    for (const member of this.#members.values()) this.#watch(member);
    const namespaces = [...this.#undecided.keys()];
    // Chosen at random, because the turn is not kept between passes: a fixed choice would prefer
    // the same namespace in each pass.
    this.#after = namespaces[Math.floor(deps.random() * namespaces.length)];
  }

  /** Whether a workload of this namespace may have to wait for other workloads. */
  isNeeded(namespace: string): boolean {
    const { all, perNamespace } = this.#deps.limits;
    return all !== undefined || perNamespace !== undefined || this.#ordered.has(namespace);
  }

  /** Whether any workload may have to wait for other workloads. */
  get isUsed(): boolean {
    return [...this.#undecided.keys()].some((namespace) => this.isNeeded(namespace));
  }

  /** The workloads of a namespace with versions on trial, by name. */
  witnesses(namespace: string): readonly Witness[] {
    return this.#witnesses.get(namespace) ?? [];
  }

  /**
   * Replaces the known facts about a workload with the facts in a new reading. The list may have
   * contained only a sketch of the workload.
   */
  update(workload: Workload): void {
    this.remove(workload);
    const member = memberOf(workload);
    this.#members.set(workloadKey(member), member);
    this.#watch(member);
  }

  /** Forgets a workload that was deleted or is not opted in any more. */
  remove(workload: WorkloadName): void {
    const { namespace } = workload;
    const key = workloadKey(workload);
    this.#members.delete(key);
    const others = this.#witnesses.get(namespace)?.filter((each) => workloadKey(each) !== key);
    if (others !== undefined) this.#witnesses.set(namespace, others);
  }

  /** Adds a workload that waits for its turn. */
  add(candidate: Candidate): void {
    this.#candidates.set(workloadKey(candidate), candidate);
  }

  /** Records that the first phase has decided about a workload. */
  decided({ namespace }: WorkloadName): void {
    this.#undecided.set(namespace, (this.#undecided.get(namespace) ?? 1) - 1);
  }

  /**
   * Records the outcome of a workload.
   *
   * @param started the versions on trial with the hash that was written; undefined if no hash was written
   */
  note(workload: Workload, outcome: Outcome, started: Given | undefined): void {
    const key = workloadKey(workload);
    const member = this.#members.get(key);
    this.#candidates.delete(key);
    if (started !== undefined && member !== undefined) {
      const now = this.#deps.now().getTime();
      const underWay = startedNow(started, now);
      // A workload that already has a place keeps the time at which it got the place. With the
      // later time, another rollout could take the place too. An earlier rollout without a place
      // does not count: with its time, the new rollout would take no place.
      const keeps = keepsPlace(member, { now, limits: this.#deps.limits });
      const startedAt = keeps ? (member.underWay?.startedAt ?? now) : now;
      this.#members.set(key, { ...member, underWay: { ...underWay, startedAt } });
    } else if (this.#ordered.has(workload.namespace) && isLeftAlone(outcome)) {
      this.#left.set(key, leftAlone(workload, outcome, member?.order ?? 0));
    }
  }

  /**
   * Returns the candidates that may start now. It omits candidates of a namespace until the pass
   * has decided about all workloads of the namespace.
   */
  ask(): QueueAnswer {
    const { limits, unread, now } = this.#deps;
    const answer = askQueue({
      ...{ limits, unread, now: now().getTime(), after: this.#after },
      members: [...this.#members.values()],
      candidates: [...this.#candidates.values()].filter(({ namespace }) =>
        this.#isReady(namespace),
      ),
      left: [...this.#left.values()],
    });
    this.#after = answer.after;
    return answer;
  }

  /** The workloads whose rollouts are unfinished. */
  get underWay(): readonly Member[] {
    return [...this.#members.values()].filter(({ underWay }) => underWay !== undefined);
  }

  #isReady(namespace: string): boolean {
    return (this.#undecided.get(namespace) ?? 0) <= 0;
  }

  #watch(member: Member): void {
    const { namespace, underWay } = member;
    if (underWay === undefined || underWay.given.size === 0) return;
    const known = this.#witnesses.get(namespace);
    if (known === undefined) this.#witnesses.set(namespace, [member]);
    else known.push(member);
  }
}

function memberOf({ kind, namespace, name, rollouts }: Workload): Member {
  return { kind, namespace, name, underWay: rollouts.underWay, order: orderOf(rollouts.order) };
}

function namespacesWithOrders(members: Iterable<Member>): ReadonlySet<string> {
  const first = new Map<string, number>();
  const differing = new Set<string>();
  for (const { namespace, order } of members) {
    const known = first.get(namespace) ?? order;
    first.set(namespace, known);
    if (known !== order) differing.add(namespace);
  }
  return differing;
}

function isLeftAlone({ reason, written }: Outcome): boolean {
  return !written && (isHold(reason) || reasons[reason].isWarning);
}

function leftAlone(workload: Workload, { reason, changed }: Outcome, order: number): LeftAlone {
  const { kind, namespace, name } = workload;
  const all = () =>
    referencesOf(workload)
      .slice(0, mostOrdered)
      .map((each) => recordName(identityOf(each, namespace)));
  const sources = new Set((changed.length > 0 ? changed : all()).slice(0, mostOrdered));
  return { ...{ kind, namespace, name, order, reason }, sources };
}
