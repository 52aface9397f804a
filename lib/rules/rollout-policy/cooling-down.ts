import { type Change, type Hold, heldBecause } from './hold.ts';
import type { Delay } from './level.ts';
import { clockToleranceMs, momentText } from './moment.ts';

/** Holds a workload until the cooldown has passed since its last hash was written. */
export function coolingDown(
  { changed }: Change,
  { cooldown, timeZone }: { readonly cooldown?: Delay; readonly timeZone: string },
  { now, writes }: { readonly now: number; readonly writes: readonly number[] },
): Hold | undefined {
  if (cooldown === undefined) return undefined;
  const last = Math.max(...writes.filter((time) => time <= now + clockToleranceMs));
  const until = last + cooldown.ms;
  if (!(until > now)) return undefined;
  const why = `its last rollout started less than ${cooldown.text} ago (${cooldown.from})`;
  return {
    reason: 'CoolingDown',
    sentence: heldBecause(changed, why, momentText(until, timeZone)),
    until,
  };
}
