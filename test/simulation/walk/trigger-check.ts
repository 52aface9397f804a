/** Checks that watches alone have started all passes that the changes need. */
import { isActive, isComplete } from './oracle.ts';
import type { Simulation } from './simulation.ts';

/** Whether no pass is scheduled, and no policy holds a workload. */
export function isByTriggersAlone({ plan }: Simulation): boolean {
  return (
    plan.fleet === 'replicas' &&
    plan.schedule === 'each year' &&
    plan.optIn === 'annotation' &&
    plan.steps.every(
      (step) => step.do !== 'policy' && (step.do !== 'setting' || step.setting.key === 'ownership'),
    )
  );
}

/** Longer than the lifetime of a silent watch, and longer than the waits after failures. */
const longestMs = 4 * 60_000;

export async function checkTriggers(simulation: Simulation): Promise<void> {
  const { world, oracle, fleet } = simulation;
  const late = (): readonly string[] => {
    // A failed rollout holds back other rollouts.
    const isAnyUnhealthy = oracle.live.some(
      ({ object }) => isActive(object, oracle) && !isComplete(object),
    );
    if (isAnyUnhealthy) return [];
    return oracle.live.flatMap((tracked) => {
      const { label, configurations, removals } = tracked;
      const current = configurations.at(-1)?.value;
      const given = oracle.given(tracked);
      // A workload without references may have no hash, and a tool may have removed the hash.
      if (current === undefined || given === undefined || removals > 0) return [];
      // No watch reports that the cluster would now accept a change that it rejected before.
      if (fleet.unwritten.isLeft(tracked)) return [];
      return given === current
        ? []
        : [`${label} has ${given}, and watches did not start a pass for ${current}`];
    });
  };
  await world.pass(longestMs);
  for (const text of late()) simulation.blame(text);
}
