import { isCustomKind, type WorkloadKind } from '../kubernetes/kinds.ts';
import type { WorkloadName } from '../kubernetes/names.ts';
import { boundedList } from '../text/bounded-list.ts';
import { sentence } from '../text/printable.ts';
import type { OwnershipChanges } from './ownership/changes.ts';
import { isHold, type PassReason, type Reason, reasons } from './reason.ts';

/** The outcome for one workload. */
export interface Outcome extends WorkloadName {
  readonly reason: Reason;
  /** Printable, and at most 1024 bytes. */
  readonly sentence: string;
  /** The changed sources, at most 20. */
  readonly changed: readonly string[];
  /** The number of further changed sources; absent if there are none. */
  readonly changedLeftOut?: number;
  /**
   * The causes that prevent the Pods of the workload from running with its current template; absent
   * if nothing prevents it.
   */
  readonly blockers?: readonly string[];
  /** Present if a change is known and the rollout policy holds it back. */
  readonly held?: OutcomeOfHold;
  /** Whether the template was written, or would be in a plan. */
  readonly written: boolean;
  /** Present if owner references or the finalizer were changed, or would be in a plan. */
  readonly ownership?: OutcomeOfOwnership;
}

/** The times of a hold, RFC 3339, UTC. */
export interface OutcomeOfHold {
  readonly since: string;
  /** The time at which the hold ends by itself; absent: not known. */
  readonly until?: string;
}

/** Each list has at most 20 entries; `…LeftOut` is the number of the others. */
export interface OutcomeOfOwnership
  extends Pick<OwnershipChanges, 'referencesAdded' | 'referencesRemoved' | 'finalizer'> {
  readonly referencesAddedLeftOut?: number;
  readonly referencesRemovedLeftOut?: number;
}

/**
 * Bounds an outcome. A workload may have a thousand sources with long names, and a sentence may
 * quote its owner.
 */
export function boundOutcome({ changed, ownership, ...outcome }: Outcome): Outcome {
  const { listed, leftOut } = boundedList(changed);
  return {
    ...outcome,
    sentence: sentence(outcome.sentence),
    changed: listed,
    ...(leftOut > 0 ? { changedLeftOut: leftOut } : {}),
    ...(ownership === undefined ? {} : { ownership: boundOwnership(ownership) }),
  };
}

function boundOwnership({
  referencesAdded,
  referencesRemoved,
  finalizer,
}: OutcomeOfOwnership): OutcomeOfOwnership {
  const [more, less] = [boundedList(referencesAdded), boundedList(referencesRemoved)];
  return {
    referencesAdded: more.listed,
    ...(more.leftOut > 0 ? { referencesAddedLeftOut: more.leftOut } : {}),
    referencesRemoved: less.listed,
    ...(less.leftOut > 0 ? { referencesRemovedLeftOut: less.leftOut } : {}),
    finalizer,
  };
}

/** Whether anything was written to the workload or its sources, or would be in a plan. */
export function isChange({ written, reason, ownership }: Outcome): boolean {
  return written || reason === 'Adopted' || ownership !== undefined;
}

/** Whether a change of the workload's configuration is known and held back. */
export function isHeld({ held, reason }: Pick<Outcome, 'held' | 'reason'>): boolean {
  return held !== undefined || isHold(reason);
}

/** The time since when the oldest change is held, RFC 3339; undefined if no change is held. */
export function oldestHold(outcomes: readonly Outcome[]): string | undefined {
  return outcomes.flatMap(({ held }) => held?.since ?? []).sort()[0];
}

/** The name of a list in messages: `DaemonSets`, or `DaemonSets of namespace shop`. */
export function listName(kind: string, namespace: string | undefined): string {
  const objects = isCustomKind(kind) ? `${kind} objects` : `${kind}s`;
  return namespace === undefined ? objects : `${objects} of namespace ${namespace}`;
}

/** A kind of the setting `kinds` that the cluster does not have, so there is nothing to handle. */
export interface KindNotServed {
  readonly kind: WorkloadKind;
  readonly why: string;
}

/** A sentence about a kind that the cluster does not have. */
export function notServedSentence({ kind, why }: KindNotServed): string {
  return `the setting kinds includes ${kind}, and no workload of it is handled: ${why}`;
}

/** A list that failed. Its workloads were not processed. */
export interface ListProblem {
  /** The name of the list, from `listName`. */
  readonly what: string;
  readonly why: string;
}

/** The result of a pass. No field contains the value of a source. */
export interface Report {
  readonly pass: PassReason;
  /** The shard, such as `2/5`, if only the namespaces of one shard were processed. */
  readonly shard?: string;
  /** Why the pass did not complete. */
  readonly sentence?: string;
  /** All opted-in workloads in scope, by namespace, kind and name. */
  readonly outcomes: readonly Outcome[];
  readonly listProblems: readonly ListProblem[];
  /** Absent if the cluster has all kinds. */
  readonly kindsNotServed?: readonly KindNotServed[];
  /** Opted-in workloads that an interrupted pass did not reach. */
  readonly unreached: number;
  /** The number of Events that could not be written, and the error of the first of these Events. */
  readonly eventsLost: number;
  readonly eventProblem?: string;
  /** Why hashes were made without a key although `hashKey` is set. */
  readonly hashKeyProblem?: string;
  readonly counts: Readonly<Partial<Record<Reason, number>>>;
  /** The age of the oldest held change, by the clock that recorded the begin of the hold. Absent if none is held. */
  readonly oldestHeldMs?: number;
  readonly requests: number;
  readonly bytesRead: number;
  readonly durationMs: number;
}

export function countReasons(outcomes: readonly Outcome[]): Partial<Record<Reason, number>> {
  const counts: Partial<Record<Reason, number>> = {};
  for (const { reason } of outcomes) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** Whether the pass handled all workloads in scope. */
export function isComplete(report: Report): boolean {
  return (
    (report.pass === 'Completed' || report.pass === 'LeaseHeld') &&
    report.listProblems.length === 0 &&
    report.outcomes.every(({ reason }) => !reasons[reason].incomplete)
  );
}
