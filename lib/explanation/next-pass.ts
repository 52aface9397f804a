import type { Decision } from '../rules/decide.ts';
import { noOwnershipChanges, plannedChanges, withOwnership } from '../rules/ownership/changes.ts';
import { planOwnership } from '../rules/ownership/plan.ts';
import type { Readings } from '../rules/reading.ts';
import { withHold } from '../rules/with-hold.ts';
import type { Workload } from '../rules/workload.ts';
import type { OwnershipSetting } from '../settings/schema.ts';
import type { NextPass, Scope, Verdict } from './explanation.ts';

/** A workload in scope, and what a pass would decide about it. */
export interface Decided {
  readonly workload: Workload;
  readonly decision: Decision;
  readonly readings: Readings;
  /** False if the hash key could not be read, so hashes cannot be compared. */
  readonly compared: boolean;
  /** Whether a pass with other permissions would decide the same. */
  readonly certain: boolean;
}

/**
 * What a pass with these settings would do.
 *
 * @param decided undefined if the workload is not in scope
 */
export function nextPassOf(
  decided: Decided | undefined,
  { optedIn, inScope }: { readonly optedIn: Verdict; readonly inScope: Scope },
  ownership: OwnershipSetting,
): NextPass {
  if (inScope.yes === false) return notLookedAt(inScope.why);
  if (decided === undefined) return notLookedAt(optedIn.why);
  const { workload, decision, readings, compared, certain } = decided;
  if (!compared && dependsOnHash(decision)) {
    return {
      ...nothing,
      sentence:
        'unknown: the hash key could not be read, so hashes cannot be compared; a pass reads it with its own permissions',
      certain: false,
    };
  }
  const plan = planOwnership(workload, decision, readings, ownership);
  const changes = plan === undefined ? noOwnershipChanges : plannedChanges(workload, plan);
  const wouldRestart = decision.hashAnnotations !== undefined;
  const result = withHold(workload, withOwnership(decision, changes, wouldRestart));
  const { reason, sentence, changed } = result;
  const { referencesAdded, referencesRemoved, finalizer } = changes;
  return {
    reason,
    sentence,
    wouldRestart,
    certain: inScope.yes === true && certain,
    changed,
    ownership: { referencesAdded, referencesRemoved, finalizer },
  };
}

const { referencesAdded, referencesRemoved, finalizer } = noOwnershipChanges;

const nothing: NextPass = {
  reason: null,
  sentence: '',
  wouldRestart: false,
  certain: true,
  changed: [],
  ownership: { referencesAdded, referencesRemoved, finalizer },
};

function notLookedAt(why: readonly string[]): NextPass {
  return { ...nothing, sentence: `nothing: ${why[0] ?? 'it is not in scope'}` };
}

/** Whether the decision comes from comparing the record with the current configuration. */
function dependsOnHash({ reason, hashAnnotations }: Decision): boolean {
  return (
    hashAnnotations !== undefined ||
    ['UpToDate', 'Adopted', 'AlreadyCurrent', 'Settling', 'Reverted', 'LimitExceeded'].includes(
      reason,
    )
  );
}
