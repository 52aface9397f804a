import type { PodsReading } from '../adoption/age.ts';
import { decide, type Readings } from '../decide.ts';
import { noOwnershipChanges, plannedChanges, withOwnership } from '../ownership/changes.ts';
import { planOwnership } from '../ownership/plan.ts';
import type { Workload } from '../workload.ts';
import type { NextPass, Scope, Verdict } from './explanation.ts';

/**
 * What a pass with these settings would do, by the code of a pass.
 *
 * @param workload undefined where a pass does not see it
 */
export function nextPassOf(
  workload: Workload | undefined,
  found: { readonly readings: Readings; readonly pods: PodsReading | undefined },
  { optedIn, inScope }: { readonly optedIn: Verdict; readonly inScope: Scope },
  ownership: 'on' | 'off',
): NextPass {
  if (inScope.yes === false) return notLookedAt(inScope.why);
  if (workload === undefined) return notLookedAt(optedIn.why);
  const { readings, pods } = found;
  const decision = decide(workload, readings, pods);
  const plan = planOwnership(workload, decision, readings, ownership);
  const changes = plan === undefined ? noOwnershipChanges : plannedChanges(workload, plan);
  const wouldRoll = decision.stamp !== undefined;
  const { reason, sentence, changed } = withOwnership(decision, changes, wouldRoll);
  const { marked, unmarked, finalizer } = changes;
  return {
    reason,
    sentence,
    wouldRoll,
    // A pass reads with its own rights, which may be more than ours.
    certain: inScope.yes === true && reason !== 'UnreadableSource' && pods?.state !== 'unreadable',
    changed,
    ownership: { marked, unmarked, finalizer },
  };
}

function notLookedAt(why: readonly string[]): NextPass {
  const { marked, unmarked, finalizer } = noOwnershipChanges;
  return {
    reason: null,
    sentence: `nothing: ${why[0] ?? 'a pass does not look at it'}`,
    wouldRoll: false,
    certain: true,
    changed: [],
    ownership: { marked, unmarked, finalizer },
  };
}
