import { shortList } from '../../text/short-list.ts';
import { reasons, type Said } from '../reason.ts';
import type { Workload } from '../workload.ts';
import { maxPutBack, type OwnershipPlan, recordAfter } from './plan.ts';
import { mayOwn, type OwnedRecord, type OwnedState } from './record.ts';

/**
 * The changes of owner references that were made for one workload. In a plan, the changes that
 * would be made.
 */
export interface OwnershipChanges {
  /**
   * Sources that got an owner reference to the workload, named as in the record: `ConfigMap/name`.
   */
  readonly referencesAdded: readonly string[];
  /** Sources from which the owner reference to the workload was removed. */
  readonly referencesRemoved: readonly string[];
  readonly finalizer: 'added' | 'removed' | 'kept';
  /** Failures of the pass, as sentences with the reason and what to do. */
  readonly problems: readonly string[];
  /** Failures that the owner of the workload or source can fix. */
  readonly warnings: readonly string[];
  /** Notes for the owner of the workload. */
  readonly notes: readonly string[];
}

export const noOwnershipChanges: OwnershipChanges = {
  referencesAdded: [],
  referencesRemoved: [],
  finalizer: 'kept',
  problems: [],
  warnings: [],
  notes: [],
};

export function changesAnything({
  referencesAdded,
  referencesRemoved,
  finalizer,
}: OwnershipChanges): boolean {
  return referencesAdded.length > 0 || referencesRemoved.length > 0 || finalizer !== 'kept';
}

/**
 * Whether a workload should have the finalizer.
 *
 * @param settled whether all references are as they should be
 */
export function wantsFinalizer(
  { ownership }: Workload,
  { finalizer }: Pick<OwnershipPlan, 'finalizer'>,
  record: OwnedRecord,
  settled: boolean,
): boolean {
  if (finalizer === 'while owning') return mayOwn(record);
  return ownership.finalizer && !(settled && record.complete);
}

/** @param owned the new ownership state; undefined: unchanged */
export function finalizerChange(
  { ownership }: Workload,
  owned: OwnedState | undefined,
): OwnershipChanges['finalizer'] {
  if (owned === undefined || owned.finalizer === ownership.finalizer) return 'kept';
  return ownership.finalizer ? 'removed' : 'added';
}

/** The expected changes of a pass. They contain only what is known without further requests. */
export function plannedChanges(workload: Workload, plan: OwnershipPlan): OwnershipChanges {
  const record = { names: new Set(plan.owned.keys()).union(plan.givenUp), complete: true };
  const referencesAdded = [...plan.owned]
    .filter(([, each]) => !each.hasReferences)
    .map(([label]) => label);
  const finalizer = wantsFinalizer(workload, plan, record, referencesAdded.length === 0);
  return {
    referencesAdded,
    referencesRemoved: [...plan.stale].sort(),
    finalizer: finalizerChange(workload, { record, finalizer, keepsPutBack: true }),
    problems: [],
    warnings: givenUpInWords(plan),
    notes: plan.notes,
  };
}

/**
 * The ownership state to record for a plan that changes no source; undefined if the plan may change
 * a source.
 */
export function stateOfIdlePlan(workload: Workload, plan: OwnershipPlan): OwnedState | undefined {
  const { owned, stale, givenUp, complete, keepsPutBack, search } = plan;
  const isIdle = stale.size === 0 && [...owned.values()].every((each) => each.hasReferences);
  if (!isIdle || search) return undefined;
  const { record } = recordAfter(owned, [...givenUp], complete);
  return { record, finalizer: wantsFinalizer(workload, plan, record, true), keepsPutBack };
}

/**
 * A sentence about the references that are no longer put back; empty if there are no such
 * references.
 */
export function givenUpInWords({ givenUp }: OwnershipPlan): string[] {
  if (givenUp.size === 0) return [];
  const names = shortList([...givenUp].sort());
  return [
    `another client removed its owner references from ${names} after each of ${maxPutBack} passes in a row had put them back, so they are not put back again: configure the tool that writes ${names} to keep metadata.ownerReferences, then remove the annotation owner-references-put-back from this workload, or set ownership: off`,
  ];
}

/**
 * Adds the result for the owner references to the reason and sentence of a workload. Failures of
 * the pass make it Failed. If only the owner of the workload can fix a failure, it is a warning,
 * and the pass counts as complete. Pure.
 *
 * @param hashWritten whether the hash was written
 */
export function withOwnership(
  { reason, sentence }: Said,
  changes: OwnershipChanges,
  hashWritten: boolean,
): Said {
  const { problems, warnings, notes } = changes;
  const hindrances = [...problems, ...warnings];
  if (hindrances.length === 0) {
    return { reason, sentence: joined(sentence, inWords(changes), ...notes) };
  }
  const { isWarning } = reasons[reason];
  const before = hashWritten ? `the hash was written: ${sentence}` : '';
  const besides = isWarning ? sentence : before;
  return {
    reason: problems.length > 0 ? 'Failed' : isWarning ? reason : 'OwnershipLimited',
    sentence: joined(shortList(hindrances), besides, ...notes),
  };
}

function joined(...sentences: readonly string[]): string {
  return sentences.filter((each) => each !== '').join('; ');
}

function inWords({ referencesAdded, referencesRemoved, finalizer }: OwnershipChanges): string {
  return [
    ...(referencesAdded.length > 0 ? [`it owns ${shortList(referencesAdded)}`] : []),
    ...(referencesRemoved.length > 0 ? [`it no longer owns ${shortList(referencesRemoved)}`] : []),
    ...(finalizer === 'kept' ? [] : [`its finalizer is ${finalizer}`]),
  ].join(', ');
}
