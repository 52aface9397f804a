import type { OwnershipSetting } from '../settings/schema.ts';
import type { AdoptedRecord } from './adoption/record.ts';
import { holdSentence } from './held-by-wave.ts';
import { type OwnershipPlan, planOwnership } from './ownership/plan.ts';
import type { Readings } from './reading.ts';
import type { Reason, Said } from './reason.ts';
import type { Given } from './rollout-policy/given.ts';
import type { Candidate } from './rollout-policy/queue-state.ts';
import type { Workload } from './workload.ts';

/** The intermediate result of the rules for one workload. Each rule passes it to the next one. */
export interface Proposal extends Said {
  /** Additional information for people, one clause each. */
  readonly notes: readonly string[];
  /** The sources that differ from the record on the template, named as in `/config-sources`. */
  readonly changed: readonly string[];
  /** The annotations to write to the template; undefined if the template stays unchanged. */
  readonly hashAnnotations: HashAnnotations | undefined;
  /**
   * The hashes of the same configuration with earlier hash keys; only if the template has no hash.
   * An earlier pass may have written one of these hashes.
   */
  readonly earlierHashes?: readonly string[];
  /** The record to write instead of a hash, so that nothing restarts. */
  readonly adopt?: AdoptedRecord;
  /** The records to write with the hash; absent if no hash is written. */
  readonly start?: RolloutStart;
  /** Present if the rollout policy holds the change back. */
  readonly held?: Held;
  /**
   * The causes that prevent the Pods from running with the current template of the workload, as
   * sentences.
   */
  readonly blockers?: readonly string[];
  /**
   * Present if the template has no hash: a clause that says with which configuration the Pods run
   * as long as no hash is written.
   */
  readonly podsMeanwhile?: string;
}

/**
 * What a pass will do to one workload. It is decided once. The result of executing it is an
 * Outcome.
 */
export interface Decision extends Omit<Proposal, 'earlierHashes' | 'podsMeanwhile'> {
  /**
   * Why new Pods of the workload are not scheduled, with the command to fix this; undefined if they
   * are scheduled.
   */
  readonly schedulingHold: string | undefined;
  /** The changes of the owner references to the workload; undefined if they stay unchanged. */
  readonly ownership: OwnershipPlan | undefined;
}

/** The records that are written together with a hash. */
export interface RolloutStart {
  /** The value of `/rollout-history`. */
  readonly history: string;
  /** The versions of sources that are on trial from now on. */
  readonly given: Given;
  /** Present if Pods restart without a changed pod template: all Pods that are older than this time (RFC 3339). */
  readonly restartAt?: string;
}

/** A change that is held back: a pass knows it, but its hash is not written yet. */
export interface Held {
  /** The time at which the hold began, in milliseconds since 1970. */
  readonly since: number;
  /** The time at which the hold ends by itself, in milliseconds since 1970; absent: not known. */
  readonly until?: number;
  /** The new value of `/pending-config`; absent: the annotation already has the right value. */
  readonly pending?: string;
  /** Present if only the queue can decide whether the rollout may start, and was not asked yet. */
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

/** The sentence and the notes in one sentence. */
export function wholeSentence({ sentence, notes }: Pick<Proposal, 'sentence' | 'notes'>): string {
  return [sentence, ...notes].join('; ');
}

/** Makes the decision from the proposal to which all rules were applied. Pure. */
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
