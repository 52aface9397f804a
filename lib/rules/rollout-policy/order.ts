import { byName } from '../../kubernetes/names.ts';
import { hasFailed, isSameVersion } from './given.ts';
import { clockToleranceMs } from './moment.ts';
import { placeEnd } from './place-end.ts';
import {
  byAge,
  type Candidate,
  type LeftAlone,
  type Member,
  type QueueState,
  type Wait,
} from './queue-state.ts';
import type { UnderWay } from './under-way.ts';

/** The workloads of one namespace that may have to wait for each other. */
interface Neighbors {
  /**
   * For each source, the candidates that get it. Candidates of a lower order come first. Within an
   * order, candidates with older changes come first.
   */
  readonly candidates: ReadonlyMap<string, readonly Candidate[]>;
  readonly witnesses: readonly Witnessing[];
  readonly left: readonly LeftAlone[];
}

/** A workload with versions on trial. */
interface Witnessing extends Member {
  readonly underWay: UnderWay;
}

function isWitnessing(member: Member): member is Witnessing {
  return member.underWay !== undefined && member.underWay.given.size > 0;
}

/**
 * The rule of `/rollout-order`. If several workloads of a namespace get the same changed source,
 * the workloads of a lower order start first. The workloads of a higher order wait until the
 * started workloads are healthy, but only until the deadline of each rollout (`placeEnd`).
 */
export class Order {
  readonly #state: QueueState;
  readonly #neighbors = new Map<string, Neighbors>();

  constructor(state: QueueState) {
    const { candidates, members, left } = state;
    this.#state = state;
    const namespaceOf = ({ namespace }: { readonly namespace: string }) => namespace;
    const witnesses = Map.groupBy(members.filter(isWitnessing), namespaceOf);
    const alone = Map.groupBy(left, namespaceOf);
    for (const [namespace, own] of Map.groupBy(candidates, namespaceOf)) {
      const among = [...own, ...(witnesses.get(namespace) ?? []), ...(alone.get(namespace) ?? [])];
      if (among.every(({ order }) => order === among[0]?.order)) continue;
      this.#neighbors.set(namespace, {
        candidates: bySource(own),
        witnesses: witnesses.get(namespace) ?? [],
        left: alone.get(namespace) ?? [],
      });
    }
  }

  /**
   * Why a candidate waits for workloads of a lower order; undefined if the candidate need not wait.
   */
  whyBlocked(candidate: Candidate): Wait | undefined {
    const blocker = this.#waitingBlocker(candidate) ?? this.#blockerUnderWay(candidate);
    if (blocker === undefined) return undefined;
    const { kind, name, order } = blocker;
    return {
      why: `workloads of a lower order go first, and ${kind}/${name} (order ${order}) is not healthy with it yet`,
      end: 'all of them are',
    };
  }

  /** A clause that names the workloads of a lower order for which the candidate does not wait. */
  noteOf({ namespace, order, gets }: Candidate): { readonly note?: string } {
    const left = this.#neighbors.get(namespace)?.left ?? [];
    const [first, ...others] = left
      .filter((each) => each.order < order && [...gets.keys()].some((it) => each.sources.has(it)))
      .sort(byName);
    if (first === undefined) return {};
    const more = others.length === 0 ? '' : `, nor for ${others.length} more`;
    const { kind, name, reason } = first;
    return {
      note: `it does not wait for ${kind}/${name} of order ${first.order}, which is not rolled now (${reason})${more}`,
    };
  }

  /**
   * The waiting candidate of a lower order that starts last. The message names this candidate, so
   * the message stays the same while other candidates start.
   */
  #waitingBlocker({ namespace, order, gets }: Candidate): Candidate | undefined {
    const candidates = this.#neighbors.get(namespace)?.candidates;
    if (candidates === undefined) return undefined;
    return [...gets.keys()]
      .flatMap((source) => candidates.get(source)?.findLast((each) => each.order < order) ?? [])
      .sort(inOrder)
      .at(-1);
  }

  #blockerUnderWay(candidate: Candidate): Witnessing | undefined {
    const witnesses = this.#neighbors.get(candidate.namespace)?.witnesses ?? [];
    return witnesses
      .filter((each) => each.order < candidate.order && this.#goesFirst(each, candidate))
      .sort((a, b) => a.underWay.startedAt - b.underWay.startedAt || byName(a, b))
      .at(-1);
  }

  #goesFirst({ underWay }: Witnessing, { gets }: Candidate): boolean {
    const { now, limits } = this.#state;
    const { progressDeadlineMs } = limits;
    const { state, given } = underWay;
    return [...given].some(([source, each]) => {
      const version = gets.get(source);
      if (version === undefined || !isSameVersion(version, each.version)) return false;
      if (each.at > now + clockToleranceMs) return false;
      // A failed rollout does not block. With `onFailure: stop`, the failure holds the candidate
      // anyway.
      if (hasFailed(each, underWay, now, progressDeadlineMs)) return false;
      return now < placeEnd(each.at, state, progressDeadlineMs);
    });
  }
}

function bySource(candidates: readonly Candidate[]): ReadonlyMap<string, readonly Candidate[]> {
  const sources = new Map<string, Candidate[]>();
  for (const candidate of [...candidates].sort(inOrder)) {
    for (const source of candidate.gets.keys()) {
      const list = sources.get(source);
      if (list === undefined) sources.set(source, [candidate]);
      else list.push(candidate);
    }
  }
  return sources;
}

function inOrder(a: Candidate, b: Candidate): number {
  return a.order - b.order || byAge(a, b);
}
