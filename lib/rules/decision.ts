import type { OwnershipSetting } from '../settings/schema.ts';
import type { AdoptedRecord } from './adoption/record.ts';
import { holdSentence } from './held-by-wave.ts';
import { type OwnershipPlan, planOwnership } from './ownership/plan.ts';
import type { Readings } from './reading.ts';
import type { Reason, Said } from './reason.ts';
import type { Given } from './rollout-policy/given.ts';
import type { Candidate } from './rollout-policy/queue-state.ts';
import type { Workload } from './workload.ts';

/** What the rules that were asked so far say about one workload: each hands it on to the next. */
export interface Proposal extends Said {
  /** What a person should know as well, a clause each. */
  readonly notes: readonly string[];
  /** Sources that differ from those that the template records, as in `/config-sources`. */
  readonly changed: readonly string[];
  /** What to write on the template; undefined if nothing is to be written. */
  readonly hashAnnotations: HashAnnotations | undefined;
  /**
   * The hashes of the same configuration under earlier keys, if the template has none: it may have been
   * written as one of these.
   */
  readonly earlierHashes?: readonly string[];
  /** What to record instead, so that nothing restarts. */
  readonly adopt?: AdoptedRecord;
  /** What is recorded beside the hash; absent if no hash is written. */
  readonly start?: RolloutStart;
  /** Present if a change is held back by the rollout policy. */
  readonly held?: Held;
  /** What keeps its Pods from following its template, which is current; sentences. */
  readonly blockers?: readonly string[];
  /** What its Pods run with while a hash is not written to a template without one; a clause. */
  readonly podsMeanwhile?: string;
}

/** What a pass is to do to one workload. It is made once; what became of it is an Outcome. */
export interface Decision extends Omit<Proposal, 'earlierHashes' | 'podsMeanwhile'> {
  /** Why none of its new Pods is scheduled, with the command that mends it; undefined if they are. */
  readonly schedulingHold: string | undefined;
  /** What is to be done about its owner references; undefined if they are left as they are. */
  readonly ownership: OwnershipPlan | undefined;
}

/** What is recorded with a hash. */
export interface RolloutStart {
  /** The value of `/rollout-history`. */
  readonly history: string;
  /** The versions of sources that are on trial from now on. */
  readonly given: Given;
}

/** A change that is known and not written yet. */
export interface Held {
  /** In milliseconds since 1970. */
  readonly since: number;
  /** When the hold ends by itself, in milliseconds since 1970; absent: not known. */
  readonly until?: number;
  /** The new value of `/pending-config`; absent: it is right as it is. */
  readonly pending?: string;
  /** Present if only the queue can say whether it may start, and was not asked yet. */
  readonly candidate?: Candidate;
}

/** The two annotations of the pod template. */
export interface HashAnnotations {
  readonly hash: string;
  /** JSON, as in `/config-sources`. */
  readonly sources: string;
}

/** A proposal that writes nothing to the template. */
export function leaveAlone(reason: Reason, sentence: string): Proposal {
  return { reason, sentence, notes: [], changed: [], hashAnnotations: undefined };
}

/** All that is said of it, in one sentence. */
export function wholeSentence({ sentence, notes }: Pick<Proposal, 'sentence' | 'notes'>): string {
  return [sentence, ...notes].join('; ');
}

/** The decision that a proposal becomes once every rule was asked. Pure. */
export function decisionOf(
  workload: Workload,
  { earlierHashes: _, podsMeanwhile: __, ...proposal }: Proposal,
  readings: Readings,
  ownership: OwnershipSetting,
): Decision {
  const { heldByWave } = workload;
  return {
    ...proposal,
    schedulingHold: heldByWave === undefined ? undefined : holdSentence(workload, heldByWave),
    ownership: planOwnership(workload, proposal, readings, ownership),
  };
}
