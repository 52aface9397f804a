import { decide } from '../../lib/rules/decide.ts';
import { type Decision, decisionOf } from '../../lib/rules/decision.ts';
import type { PolicyNames } from '../../lib/rules/rollout-policy/facts.ts';
import { rolloutRulesOf } from '../../lib/rules/rollout-policy/policy-settings.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { OwnershipSetting, Settings } from '../../lib/settings/schema.ts';
import { type EarlierWritesDeps, mayHaveLostHash, withEarlierWrites } from './earlier-writes.ts';
import { type PolicyDeps, type PolicyRules, withinPolicy } from './within-policy.ts';

/** The facts that a decision needs from the cluster. A pass, a plan and an explanation get them in different ways. */
export interface DecisionDeps extends EarlierWritesDeps, PolicyDeps {
  readonly sources: (workload: Workload) => Promise<SourcesSeen>;
  readonly policy: DecisionRules;
}

/**
 * The settings that a decision needs in addition to the settings with which the workload was read.
 */
export interface DecisionRules extends PolicyRules {
  readonly ownership: OwnershipSetting;
}

export function decisionRules(
  { rollouts, timeZone, ownership }: Settings,
  names: PolicyNames,
): DecisionRules {
  return { rules: rolloutRulesOf(rollouts, timeZone), names, ownership };
}

/**
 * Decides what a pass does to one workload. Passes, plans and explanations all decide with this
 * function, so a plan and an explanation say what a pass would do.
 *
 * @throws the errors of the functions of `deps`, which throw only if the work is interrupted
 */
export async function decideWorkload(workload: Workload, deps: DecisionDeps): Promise<Decision> {
  const { ownership } = deps.policy;
  const seen = await deps.sources(workload);
  let proposal = decide(workload, seen, await deps.pods(workload, seen));
  if (mayHaveLostHash(workload)) {
    proposal = await withEarlierWrites(workload, seen, proposal, deps);
  }
  if (proposal.hashAnnotations !== undefined) {
    proposal = await withinPolicy(workload, seen, proposal, deps);
  }
  return decisionOf(workload, proposal, seen.readings, ownership);
}
