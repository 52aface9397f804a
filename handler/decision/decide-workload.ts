import { decide } from '../../lib/rules/decide.ts';
import { type Decision, decisionOf, type Proposal } from '../../lib/rules/decision.ts';
import type { Policy } from '../../lib/rules/rollout-policy/hold-rule.ts';
import { afterHolds, knownWrites } from '../../lib/rules/rollout-policy/policy.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { OwnershipSetting, Settings } from '../../lib/settings/schema.ts';
import { type EarlierWritesDeps, mayHaveLostHash, withEarlierWrites } from './earlier-writes.ts';
import type { RevisionWrites } from './revision-writes.ts';

/**
 * The questions of a decision to the cluster. A pass, a plan and an explanation answer them in
 * different ways.
 */
export interface DecisionDeps extends EarlierWritesDeps {
  readonly sources: (workload: Workload) => Promise<SourcesSeen>;
  readonly revisions: RevisionWrites;
  readonly rules: DecisionRules;
  /** By the clock of the API server if that is known. */
  readonly now: () => Date;
}

/** The settings that a decision needs, in addition to those for reading the workload. */
export interface DecisionRules {
  readonly policy: Policy;
  readonly ownership: OwnershipSetting;
}

export function decisionRules({ rollouts, timeZone, ownership }: Settings): DecisionRules {
  return { policy: { ...rollouts, timeZone }, ownership };
}

/**
 * Decides what a pass does to one workload. It is the only way to a decision, so a plan and an
 * explanation say what a pass would do.
 *
 * @throws what the functions of `deps` throw; they throw only if the work is interrupted
 */
export async function decideWorkload(workload: Workload, deps: DecisionDeps): Promise<Decision> {
  const { ownership } = deps.rules;
  const seen = await deps.sources(workload);
  let proposal = decide(workload, seen, await deps.pods(workload, seen));
  if (mayHaveLostHash(workload)) {
    proposal = await withEarlierWrites(workload, seen, proposal, deps);
  }
  if (proposal.hashAnnotations !== undefined) {
    proposal = await withinPolicy(workload, proposal, deps);
  }
  return decisionOf(workload, proposal, seen.readings, ownership);
}

/** The proposal, or a hold instead of it. */
async function withinPolicy(
  workload: Workload,
  proposal: Proposal,
  { revisions, rules: { policy }, now }: DecisionDeps,
): Promise<Proposal> {
  const shown = await revisions.of(workload);
  const time = now().getTime();
  const writes = knownWrites(workload.history ?? [], shown.writes, policy, time);
  const allowed = afterHolds(proposal, policy, { now: time, writes });
  if (shown.problem === undefined || allowed.hashAnnotations === undefined) return allowed;
  const note = `how often it was restarted before is unknown: ${shown.problem}`;
  return { ...allowed, notes: [...allowed.notes, note] };
}
