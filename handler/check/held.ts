import { objectTitle } from '../../lib/kubernetes/names.ts';
import { holdSentence } from '../../lib/rules/held-by-wave.ts';
import { byName } from '../../lib/rules/report.ts';
import { type CheckedScope, listGranted } from './granted-list.ts';

/**
 * Workloads in scope whose Pods cannot be scheduled because of upstream Wave, as sentences. Empty
 * without the permission to list workloads: `check` reports that separately.
 */
export async function lookForHeld(scope: CheckedScope): Promise<string[]> {
  const found = await listGranted(scope, 'any kind', ({ heldByWave }) => heldByWave !== undefined);
  return [...(found?.workloads ?? [])]
    .sort(byName)
    .flatMap((workload) =>
      workload.heldByWave === undefined
        ? []
        : [`${objectTitle(workload)}: ${holdSentence(workload, workload.heldByWave)}`],
    );
}
