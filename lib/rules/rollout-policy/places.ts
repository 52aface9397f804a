import { workloadKey } from '../../kubernetes/names.ts';
import { type Amount, amountOf } from '../../text/amount.ts';
import { clockToleranceMs } from './moment.ts';
import { placeEnd } from './place-end.ts';
import { byAge, type Candidate, type Member, type QueueState, type Wait } from './queue-state.ts';

type PlaceState = Pick<QueueState, 'now' | 'limits'>;

/** Whether a workload has an unfinished rollout that we started. */
function takesPlace({ underWay }: Member, { now, limits }: PlaceState): boolean {
  if (underWay?.state.phase !== 'unfinished') return false;
  const { startedAt, state } = underWay;
  if (startedAt > now + clockToleranceMs) return false;
  return now < placeEnd(startedAt, state, limits.progressDeadlineMs);
}

/** Whether a workload has a place, and keeps it for another hash: see `isUnobserved`. */
export function keepsPlace(member: Member, state: PlaceState): boolean {
  return takesPlace(member, state) && member.underWay?.isUnobserved !== true;
}

/** The places of one namespace. */
interface Share {
  readonly most: number;
  running: number;
  readonly waiting: Candidate[];
}

/**
 * Gives the places that are free within the limits to candidates.
 *
 * A free place goes to the namespace with the fewest rollouts under way. If several namespaces have
 * equally few, they take turns. Within a namespace, it goes to the candidate with the oldest
 * change. So a namespace with many changes does not delay other namespaces.
 */
export class Places {
  readonly #state: QueueState;
  readonly #shares = new Map<string, Share>();
  readonly #holders: ReadonlySet<string>;
  readonly #most: number;
  #running: number;

  constructor(state: QueueState) {
    const { members, limits } = state;
    this.#state = state;
    this.#most = mostOf(limits.all, members.length);
    const holders: Member[] = [];
    for (const [namespace, own] of Map.groupBy(members, (each) => each.namespace)) {
      const most = mostOf(limits.perNamespace, own.length);
      const running = own.filter((member) => takesPlace(member, state));
      this.#shares.set(namespace, { most, running: running.length, waiting: [] });
      // Users can write a record that takes a place. So for each namespace, at most as many
      // rollouts count as the namespace may have.
      holders.push(...earliest(running, most));
    }
    this.#running = holders.length;
    const keeping = holders.filter((each) => keepsPlace(each, state));
    this.#holders = new Set(earliest(keeping, this.#most).map(workloadKey));
  }

  /**
   * The candidates that may start, in the order in which they start. A workload that already has a
   * place keeps this place, unless its rollout may have finished long ago: then another rollout may
   * have the place now.
   */
  grant(candidates: readonly Candidate[]): {
    readonly granted: ReadonlySet<Candidate>;
    readonly after: string | undefined;
  } {
    const granted = new Set<Candidate>();
    const { after: before, limits, unread } = this.#state;
    const isLimited = limits.all !== undefined || limits.perNamespace !== undefined;
    for (const candidate of [...candidates].sort(byAge)) {
      if (!isLimited || this.#holders.has(workloadKey(candidate))) granted.add(candidate);
      else this.#shareOf(candidate).waiting.push(candidate);
    }
    let after = before;
    if (unread !== undefined) return { granted, after };
    const order = this.#inTurn(before);
    while (this.#running < this.#most) {
      const open = order.filter(([, { running, most, waiting }]) => running < most && waiting[0]);
      const [first, ...others] = open;
      if (first === undefined) break;
      const [namespace, share] = others.reduce(
        (a, b) => (b[1].running < a[1].running ? b : a),
        first,
      );
      const [next] = share.waiting.splice(0, 1);
      if (next === undefined) break;
      granted.add(next);
      share.running += 1;
      this.#running += 1;
      after = namespace;
      order.push(...order.splice(0, order.findIndex(([name]) => name === namespace) + 1));
    }
    return { granted, after };
  }

  /** Why a candidate did not get a place. */
  whyFull(candidate: Candidate): Wait {
    const { limits, unread } = this.#state;
    if (unread !== undefined) {
      return {
        why: `it is not known how many rollouts are under way, since ${unread} could not be listed`,
        end: 'that can be listed',
      };
    }
    const { running, most } = this.#shareOf(candidate);
    const [where, name, amount] =
      running >= most
        ? [` in namespace ${candidate.namespace}`, 'maxConcurrentPerNamespace', limits.perNamespace]
        : ['', 'maxConcurrent', limits.all];
    return {
      why: `as many rollouts are under way${where} as rollouts.${name} allows (${shown(amount)})`,
      end: 'one of them has finished',
    };
  }

  #shareOf({ namespace }: Candidate): Share {
    const known = this.#shares.get(namespace);
    if (known !== undefined) return known;
    const share: Share = {
      most: mostOf(this.#state.limits.perNamespace, 0),
      running: 0,
      waiting: [],
    };
    this.#shares.set(namespace, share);
    return share;
  }

  /**
   * The namespaces with waiting candidates, sorted by name. The first one is after the namespace
   * that got the last place.
   */
  #inTurn(after = ''): [string, Share][] {
    const names = [...this.#shares.keys()].sort();
    const first = names.findIndex((name) => name > after);
    const turned = first < 0 ? names : [...names.slice(first), ...names.slice(0, first)];
    return turned.flatMap((name): [string, Share][] => {
      const share = this.#shares.get(name);
      return share === undefined || share.waiting.length === 0 ? [] : [[name, share]];
    });
  }
}

/**
 * The members that started first, at most `most` members. There can be more members than places if
 * the limit was reduced, or if users changed their records.
 */
function earliest(members: readonly Member[], most: number): readonly Member[] {
  if (members.length <= most) return members;
  const startedAt = ({ underWay }: Member): number => underWay?.startedAt ?? 0;
  return [...members].sort((a, b) => startedAt(a) - startedAt(b)).slice(0, most);
}

function mostOf(amount: Amount | undefined, all: number): number {
  return amount === undefined ? Number.POSITIVE_INFINITY : amountOf(amount, all);
}

function shown(amount: Amount | undefined): string {
  if (amount === undefined) return 'none';
  return 'count' in amount ? String(amount.count) : `${amount.percent}%`;
}
