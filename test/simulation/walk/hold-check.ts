/** Checks that a workload without its current configuration is held, and that the hold is correct. */
import type { Outcome } from '../../../lib/rules/report.ts';
import { isHold, mayBeHeld } from '../../faults/walk/holds.ts';
import { msOf } from '../../faults/walk/policy-rule.ts';
import { keys } from './names.ts';
import { isComplete, type Tracked, within } from './oracle.ts';
import { forcesOn } from './policy-check.ts';
import type { GoodPass } from './quiet.ts';
import type { Simulation } from './simulation.ts';

/** The faults of a hold, or of the records of a workload that is no longer held. */
export function wrongWithHold(
  simulation: Simulation,
  tracked: Tracked,
  outcome: Outcome,
  good: GoodPass,
): string[] {
  const { label, object, configurations } = tracked;
  const current = configurations.at(-1)?.value;
  const pending = object.metadata.annotations?.[keys.pending];
  if (current === undefined) return [];
  if (!isHold(outcome)) {
    return pending === undefined ? [] : [`${label} is not held, and has ${pending}`];
  }
  const wrong: string[] = [];
  const hash = pending && (JSON.parse(pending) as { readonly hash?: string }).hash;
  if (hash !== current) wrong.push(`${label} is held, and has ${pending} for ${current}`);
  if (!isJustified(simulation, tracked, outcome, good)) {
    wrong.push(`${label} is held for nothing: ${outcome.reason}: ${outcome.sentence}`);
  }
  return wrong;
}

const slackMs = 60_000;

function isJustified(
  { oracle, fleet, world }: Simulation,
  tracked: Tracked,
  { reason }: Outcome,
  { from, to }: GoodPass,
): boolean {
  const { rollouts } = fleet;
  const forces = forcesOn(oracle, tracked, rollouts, [from, to], world.time - world.now);
  const approved = tracked.object.metadata.annotations?.[keys.approved];
  // A workload that was created again adopts the revisions of its predecessor.
  const ofLabel = [...oracle.workloads.values()].filter(({ label }) => label === tracked.label);
  const last = Math.max(...ofLabel.flatMap(({ notes }) => notes.map(({ at }) => at)), -Infinity);
  // A rollout that the pass found or started may be complete by now.
  const wasUnfinished = ({ object, incomplete, notes }: Tracked): boolean =>
    !isComplete(object) ||
    within(incomplete, from, to).some(Boolean) ||
    notes.some(({ at }) => at >= from && at <= to);
  const isOtherUnfinished = () =>
    oracle.live.some((each) => each.uid !== tracked.uid && wasUnfinished(each));
  return mayBeHeld(reason, {
    ...{ forces, slackMs },
    isApproved: approved === tracked.configurations.at(-1)?.value,
    sinceSourceMs: from - oracle.lastSourceChangeOf(tracked),
    sinceHashMs: from - last,
    limitMs: rollouts.limit.count > 0 ? msOf(rollouts.limit.period) : undefined,
    isBlocked: isOtherUnfinished,
    isStopped: isOtherUnfinished,
  });
}
