import { type Change, type Hold, heldBecause } from './hold.ts';
import type { Wait } from './queue-state.ts';

/** Holds a workload that waits for a place, or for workloads of a lower order. */
export function queued(
  { changed }: Pick<Change, 'changed'>,
  _policy: object,
  {
    wait,
  }: {
    /** The answer of the queue; absent if the workload may start. */
    readonly wait?: Wait | undefined;
  },
): Hold<'Queued'> | undefined {
  if (wait === undefined) return undefined;
  return { reason: 'Queued', sentence: heldBecause(changed, wait.why, wait.end) };
}
