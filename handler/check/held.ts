import { byName, objectTitle } from '../../lib/kubernetes/names.ts';
import { holdSentence } from '../../lib/rules/held-by-wave.ts';
import { type CheckedScope, listGranted } from './granted-list.ts';
import { longHeldSentences } from './rollouts.ts';

/** Workloads whose Pods or changes are held back, as sentences. */
export interface HeldWorkloads {
  /** One sentence for each workload whose Pods cannot be scheduled because of upstream Wave. */
  readonly byWave: readonly string[];
  /**
   * One sentence about the workloads whose changes have been held back for more than a day; empty
   * if there are none.
   */
  readonly forLong: readonly string[];
}

/**
 * Workloads in scope whose Pods or changes are held back. Without the permission to list workloads,
 * the result is empty: `check` reports the missing permission separately.
 *
 * @param now in milliseconds since 1970
 */
export async function lookForHeld(scope: CheckedScope, now: number): Promise<HeldWorkloads> {
  const found = await listGranted(
    scope,
    'any kind',
    ({ heldByWave, rollouts }) => heldByWave !== undefined || rollouts.pending !== undefined,
  );
  const workloads = [...(found?.workloads ?? [])].sort(byName);
  const byWave = workloads.flatMap((workload) =>
    workload.heldByWave === undefined
      ? []
      : [`${objectTitle(workload)}: ${holdSentence(workload, workload.heldByWave)}`],
  );
  return { byWave, forLong: longHeldSentences(workloads, scope.settings.timeZone, now) };
}
