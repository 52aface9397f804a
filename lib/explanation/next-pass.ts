import type { Decision } from '../rules/decision.ts';
import { plannedOutcome } from '../rules/outcome.ts';
import { noOwnershipChanges } from '../rules/ownership/changes.ts';
import { isHold } from '../rules/reason.ts';
import type { Workload } from '../rules/workload.ts';
import type { NextPass, Scope, Verdict } from './explanation.ts';

/** A workload in scope, and the decision of a pass about it. */
export interface Decided {
  readonly workload: Workload;
  readonly decision: Decision;
  /** False if the hash key could not be read, so hashes cannot be compared. */
  readonly compared: boolean;
  /** Whether a pass, which may have other permissions, would certainly decide the same. */
  readonly certain: boolean;
  /**
   * Whether the prediction is complete without the queue. False if the workload may have to wait for other
   * workloads, because only a pass asks the queue.
   */
  readonly queueAsked: boolean;
}

/**
 * Predicts what a pass with these settings would do.
 *
 * @param decided undefined if the workload is not in scope
 */
export function nextPassOf(
  decided: Decided | undefined,
  { optedIn, inScope }: { readonly optedIn: Verdict; readonly inScope: Scope },
): NextPass {
  if (inScope.yes === false) return notLookedAt(inScope.why);
  if (decided === undefined) return notLookedAt(optedIn.why);
  const { workload, decision, compared, certain, queueAsked } = decided;
  if (!compared && dependsOnHash(decision)) {
    return {
      ...nothing,
      sentence:
        'unknown: the hash key could not be read, so hashes cannot be compared; a pass reads it with its own permissions',
      certain: false,
    };
  }
  const outcome = plannedOutcome(workload, decision);
  const { reason, sentence, changed, written, held } = outcome;
  const { referencesAdded, referencesRemoved, finalizer } = outcome.ownership ?? noOwnershipChanges;
  return {
    reason,
    sentence,
    wouldRestart: written,
    certain: inScope.yes === true && certain,
    queueAsked,
    held: held === undefined ? null : { since: held.since, until: held.until ?? null },
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
  queueAsked: true,
  held: null,
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
    isHold(reason) ||
    ['UpToDate', 'Adopted', 'AlreadyCurrent', 'Reverted'].includes(reason)
  );
}
