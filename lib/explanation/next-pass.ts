import type { Decision } from '../rules/decision.ts';
import { plannedOutcome } from '../rules/outcome.ts';
import { noOwnershipChanges } from '../rules/ownership/changes.ts';
import type { Workload } from '../rules/workload.ts';
import type { NextPass, Scope, Verdict } from './explanation.ts';

/** A workload that a pass sees, and what it would decide about it. */
export interface Decided {
  readonly workload: Workload;
  readonly decision: Decision;
  /** False where the hash key could not be read: a hash says nothing then. */
  readonly compared: boolean;
  /** Whether a pass would decide so with other permissions too. */
  readonly certain: boolean;
}

/**
 * What a pass with these settings would do.
 *
 * @param decided undefined where a pass does not see it
 */
export function nextPassOf(
  decided: Decided | undefined,
  { optedIn, inScope }: { readonly optedIn: Verdict; readonly inScope: Scope },
): NextPass {
  if (inScope.yes === false) return notLookedAt(inScope.why);
  if (decided === undefined) return notLookedAt(optedIn.why);
  const { workload, decision, compared, certain } = decided;
  if (!compared && dependsOnHash(decision)) {
    return {
      ...nothing,
      sentence:
        'not known: the hash key could not be read, so hashes cannot be compared; a pass reads it with its own permissions',
      certain: false,
    };
  }
  const outcome = plannedOutcome(workload, decision);
  const { reason, sentence, changed, written } = outcome;
  const { referencesAdded, referencesRemoved, finalizer } = outcome.ownership ?? noOwnershipChanges;
  return {
    reason,
    sentence,
    wouldRoll: written,
    certain: inScope.yes === true && certain,
    changed,
    ownership: { referencesAdded, referencesRemoved, finalizer },
  };
}

const { referencesAdded, referencesRemoved, finalizer } = noOwnershipChanges;

const nothing: NextPass = {
  reason: null,
  sentence: '',
  wouldRoll: false,
  certain: true,
  changed: [],
  ownership: { referencesAdded, referencesRemoved, finalizer },
};

function notLookedAt(why: readonly string[]): NextPass {
  return { ...nothing, sentence: `nothing: ${why[0] ?? 'a pass does not look at it'}` };
}

/** Whether it came of comparing what is recorded with what is there now. */
function dependsOnHash({ reason, hashAnnotations }: Decision): boolean {
  return (
    hashAnnotations !== undefined ||
    ['UpToDate', 'Adopted', 'AlreadyCurrent', 'Settling', 'Reverted', 'LimitExceeded'].includes(
      reason,
    )
  );
}
