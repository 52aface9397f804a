import type { WorkloadName } from '../kubernetes/names.ts';
import { boundedList } from '../text/bounded-list.ts';
import { sentence } from '../text/printable.ts';
import type { OwnershipChanges } from './ownership/changes.ts';
import type { PassReason, Reason } from './reason.ts';
import { reasons } from './reason.ts';

/** What became of one workload. */
export interface Outcome extends WorkloadName {
  readonly reason: Reason;
  /** Printable, and of at most 1024 bytes. */
  readonly sentence: string;
  /** At most 20. */
  readonly changed: readonly string[];
  /** How many more changed; present where there are any. */
  readonly changedLeftOut?: number;
  /** What keeps its Pods from following its template, which is current; present if anything does. */
  readonly blockers?: readonly string[];
  /** Whether the template was, or in a plan would be, written. */
  readonly written: boolean;
  /** Present where marks or the finalizer were, or in a plan would be, changed. */
  readonly ownership?: OutcomeOfOwnership;
}

/** Each list has at most 20 entries; how many more there are stands beside it. */
export interface OutcomeOfOwnership
  extends Pick<OwnershipChanges, 'referencesAdded' | 'referencesRemoved' | 'finalizer'> {
  readonly referencesAddedLeftOut?: number;
  readonly referencesRemovedLeftOut?: number;
}

/**
 * An outcome as it is kept and told. A workload may have a thousand sources whose names are long, and a
 * sentence may quote what its owner wrote.
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

/** Whether anything was, or in a plan would be, written to the workload or its sources. */
export function isChange({ written, reason, ownership }: Outcome): boolean {
  return written || reason === 'Adopted' || ownership !== undefined;
}

/** What a list is called in words: `DaemonSets`, or `DaemonSets of namespace shop`. */
export function listName(kind: string, namespace: string | undefined): string {
  return namespace === undefined ? `${kind}s` : `${kind}s of namespace ${namespace}`;
}

/** A list that was refused: what is in it was not looked at. */
export interface ListProblem {
  /** By `listName`. */
  readonly what: string;
  readonly why: string;
}

/** What a pass did. All of it can be shown to anybody: no field holds the value of a source. */
export interface Report {
  readonly pass: PassReason;
  /** `2/5`, where only the namespaces of one shard were looked at. */
  readonly shard?: string;
  /** Why, where the pass did not complete. */
  readonly sentence?: string;
  /** Of every workload that opted in and was looked at, by namespace, kind and name. */
  readonly outcomes: readonly Outcome[];
  readonly listProblems: readonly ListProblem[];
  /** Workloads that opted in but were not reached before the pass was cut short. */
  readonly unreached: number;
  /** Events that could not be written, and why the first could not. */
  readonly eventsLost: number;
  readonly eventProblem?: string;
  /** Why hashes were made without a key, though the setting `hashKey` asks for one. */
  readonly hashKeyProblem?: string;
  readonly counts: Readonly<Partial<Record<Reason, number>>>;
  readonly requests: number;
  readonly bytesRead: number;
  readonly durationMs: number;
}

export function countReasons(outcomes: readonly Outcome[]): Partial<Record<Reason, number>> {
  const counts: Partial<Record<Reason, number>> = {};
  for (const { reason } of outcomes) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** Whether every workload that the pass was to look at could be handled. */
export function isComplete(report: Report): boolean {
  return (
    (report.pass === 'Completed' || report.pass === 'LeaseHeld') &&
    report.listProblems.length === 0 &&
    report.outcomes.every(({ reason }) => !reasons[reason].incomplete)
  );
}

type Named = Readonly<Record<'kind' | 'namespace' | 'name', string>>;

export function byName(a: Named, b: Named): number {
  return compare(a.namespace, b.namespace) || compare(a.kind, b.kind) || compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
