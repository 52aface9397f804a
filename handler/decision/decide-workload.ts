import { decide } from '../../lib/rules/decide.ts';
import { type Decision, decisionOf } from '../../lib/rules/decision.ts';
import type { PolicyNames } from '../../lib/rules/rollout-policy/facts.ts';
import { rolloutRulesOf } from '../../lib/rules/rollout-policy/policy-settings.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { OwnershipSetting, Settings } from '../../lib/settings/schema.ts';
import { type EarlierWritesDeps, mayHaveLostHash, withEarlierWrites } from './earlier-writes.ts';
import { type PolicyDeps, type PolicyRules, withinPolicy } from './within-policy.ts';

/** What deciding asks: passes, plans and explanations each have their own way to answer. */
export interface DecisionDeps extends EarlierWritesDeps, PolicyDeps {
  readonly sources: (workload: Workload) => Promise<SourcesSeen>;
  readonly policy: DecisionRules;
}

/** The settings that decide about a workload, in addition to those that it was read with. */
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
 * What a pass is to do to one workload. It is the only way to a decision, so a plan and an explanation
 * say what a pass does.
 *
 * @throws what the functions of `deps` throw: each only if the work is cut short
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
