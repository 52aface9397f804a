import type { WorkloadName } from '../../kubernetes/names.ts';
import type { Amount } from '../../text/amount.ts';
import type { SourceVersions } from './given.ts';
import type { Witness } from './stopped-by-failure.ts';

/** A workload that is opted in. */
export interface Member extends Witness {
  /** The annotation `/rollout-order`; 0 if there is none. */
  readonly order: number;
}

/** Sources beyond this number make no difference for the order: a workload may have a thousand. */
export const mostOrdered = 50;

/** A workload whose hash is to be written. */
export interface Candidate extends WorkloadName {
  readonly order: number;
  /** As `heldSince`. */
  readonly since: number;
  /** The versions that it gets: `sourceVersions` of what changed, at most `mostOrdered`. */
  readonly gets: SourceVersions;
}

/** A workload whose hash is not written: another rule holds it, or it cannot be handled. */
export interface LeftAlone extends WorkloadName {
  readonly order: number;
  readonly reason: string;
  /** The sources that it would get, or all that it references if that is not known; as in `/config-sources`. At most `mostOrdered`. */
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
  /** The namespace that got the last place: the next place goes to a namespace after it. */
  readonly after: string | undefined;
  /** A list that could not be read, so that its rollouts under way are not known. */
  readonly unread: string | undefined;
}

/** Why a candidate waits, and until when: clauses for `heldBecause`. */
export interface Wait {
  readonly why: string;
  readonly end: string;
}

export function byNameOf(a: WorkloadName, b: WorkloadName): number {
  return compare(a.namespace, b.namespace) || compare(a.kind, b.kind) || compare(a.name, b.name);
}

/** The oldest change first. */
export function byAge(a: Candidate, b: Candidate): number {
  return a.since - b.since || byNameOf(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
