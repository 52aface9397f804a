import { byName, type WorkloadName } from '../../kubernetes/names.ts';
import type { Amount } from '../../text/amount.ts';
import type { SourceVersions } from './given.ts';
import type { Witness } from './stopped-by-failure.ts';

/** A workload that opted in. */
export interface Member extends Witness {
  /** The annotation `/rollout-order`; 0 if there is none. */
  readonly order: number;
}

/**
 * The maximum number of sources that count for the order of one workload. A workload may have a thousand.
 */
export const mostOrdered = 50;

/**
 * A workload that is ready to start: a pass wants to write its hash, and no rule except the queue
 * can hold it.
 */
export interface Candidate extends WorkloadName {
  readonly order: number;
  /** The result of `heldSince`. */
  readonly since: number;
  /** The versions of the changed sources, from `sourceVersions`. At most `mostOrdered`. */
  readonly gets: SourceVersions;
}

/**
 * A workload whose hash is not written in this pass, because a rule other than the queue holds it
 * or because it cannot be handled.
 */
export interface LeftAlone extends WorkloadName {
  readonly order: number;
  readonly reason: string;
  /**
   * The changed sources, named as in `/config-sources`. If it is not known which sources changed,
   * all sources that the workload references. At most `mostOrdered`.
   */
  readonly sources: ReadonlySet<string>;
}

export interface QueueLimits {
  /** Absent: no limit. */
  readonly all?: Amount;
  readonly perNamespace?: Amount;
  readonly progressDeadlineMs: number;
}

export interface QueueState {
  /** The current time by the clock of the API server, in milliseconds since 1970. */
  readonly now: number;
  readonly limits: QueueLimits;
  readonly members: readonly Member[];
  readonly candidates: readonly Candidate[];
  readonly left: readonly LeftAlone[];
  /** The namespace that got the last place. The next place goes to a namespace after this one. */
  readonly after: string | undefined;
  /**
   * The name of a list that could not be read. The rollouts of its workloads are not known, so no
   * candidate gets a new place.
   */
  readonly unread: string | undefined;
}

/** Why a candidate waits, and until when: clauses for `heldBecause`. */
export interface Wait {
  readonly why: string;
  readonly end: string;
}

/** Sorts candidates with older changes first. */
export function byAge(a: Candidate, b: Candidate): number {
  return a.since - b.since || byName(a, b);
}
