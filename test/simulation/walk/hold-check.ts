/** Checks that a workload without its current configuration is held, and that the hold is correct. */
import type { Outcome } from '../../../lib/rules/report.ts';
import { msOf } from '../../faults/walk/policy-rule.ts';
import { keys } from './names.ts';
import { isComplete, type Tracked } from './oracle.ts';
import { forcesOn } from './policy-check.ts';
import type { GoodPass } from './quiet.ts';
import type { Simulation } from './simulation.ts';

const holds: ReadonlySet<string> = new Set([
  ...['Paused', 'OutsideWindow', 'AwaitingApproval', 'Settling', 'CoolingDown', 'LimitExceeded'],
  ...['Queued', 'StoppedByFailure', 'PolicyUnreadable'],
]);

export const isHoldOutcome = ({ reason, sentence }: Outcome): boolean =>
  holds.has(reason) || (reason === 'InvalidAnnotation' && sentence.includes('rollout policy'));

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
  if (!isHoldOutcome(outcome)) {
    return pending === undefined ? [] : [`${label} is not held, and has ${pending}`];
  }
  const wrong: string[] = [];
  const hash = pending && (JSON.parse(pending) as { readonly hash?: string }).hash;
  if (hash !== current) wrong.push(`${label} is held, and has ${pending} for ${current}`);
  if (!mayBeHeld(simulation, tracked, outcome, good)) {
    wrong.push(`${label} is held for nothing: ${outcome.reason}: ${outcome.sentence}`);
  }
  return wrong;
}

const slackMs = 60_000;

function mayBeHeld(
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
  const isWithin = (ms: number): boolean => from - last < ms + slackMs;
  const others = oracle.live.filter(({ uid }) => uid !== tracked.uid);
  switch (reason) {
    case 'InvalidAnnotation':
      return forces.some(({ isInvalid }) => isInvalid);
    case 'Paused':
      return forces.some(({ isPaused }) => isPaused);
    case 'OutsideWindow':
      return forces.some(({ isClosed }) => isClosed);
    case 'AwaitingApproval':
      return (
        approved !== tracked.configurations.at(-1)?.value &&
        forces.some(({ needsApproval }) => needsApproval)
      );
    case 'Settling':
      return forces.some(({ settleMs }) => from - oracle.lastSourceWriteAt < settleMs + slackMs);
    case 'CoolingDown':
      return forces.some(({ cooldownMs }) => cooldownMs > 0 && isWithin(cooldownMs));
    case 'LimitExceeded':
      return rollouts.limit.count > 0 && isWithin(msOf(rollouts.limit.period));
    case 'Queued':
    case 'StoppedByFailure':
      return others.some(({ object }) => !isComplete(object));
    default:
      return false;
  }
}
