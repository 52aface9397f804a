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

/** A workload whose hash is to be written, and that no other rule holds. */
export interface Candidate extends WorkloadName {
  readonly order: number;
  /** As `heldSince`. */
  readonly since: number;
  /** The versions of the changed sources, as `sourceVersions`. At most `mostOrdered`. */
  readonly gets: SourceVersions;
}

/**
 * A workload whose hash is not written in this pass, because another rule holds it or because it cannot be
 * handled.
 */
export interface LeftAlone extends WorkloadName {
  readonly order: number;
  readonly reason: string;
  /**
   * The changed sources, or all that it references if it is not known which ones changed; named as in
   * `/config-sources`. At most `mostOrdered`.
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
  /** By the clock of the API server, in milliseconds since 1970. */
  readonly now: number;
  readonly limits: QueueLimits;
  readonly members: readonly Member[];
  readonly candidates: readonly Candidate[];
  readonly left: readonly LeftAlone[];
  /** The namespace that got the last place. The turn continues with the namespace after it. */
  readonly after: string | undefined;
  /**
   * The name of a list that could not be read. Its rollouts under way are not known, so nobody gets a place.
   */
  readonly unread: string | undefined;
}

/** Why a candidate waits, and until when: clauses for `heldBecause`. */
export interface Wait {
  readonly why: string;
  readonly end: string;
}

/** The oldest change first. */
export function byAge(a: Candidate, b: Candidate): number {
  return a.since - b.since || byName(a, b);
}
