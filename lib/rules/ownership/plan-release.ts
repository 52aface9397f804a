import type { Workload } from '../workload.ts';
import { mentionedBy, nothingOwned, type OwnershipPlan } from './plan.ts';
import { parseRecord } from './record.ts';

/**
 * What it takes to leave no mark of a workload; undefined where it carries neither finalizer nor
 * record. Pure, and without any reading: values of sources do not matter to it.
 *
 * @param carriers sources that were found to carry its mark, as in the record
 * @param searched whether those are all that there are
 */
export function planRelease(
  workload: Workload,
  carriers: ReadonlySet<string>,
  searched: boolean,
): OwnershipPlan | undefined {
  const { finalizer, record: text, recordIsOurs } = workload.ownership;
  if (!finalizer && text === undefined) return undefined;
  const record = parseRecord(text);
  const unknown = record?.complete !== true;
  const known = carriers.union(record?.names ?? new Set<string>());
  // Without the finalizer nothing waits for the search, and a record alone helps nobody.
  const search = unknown && finalizer && !searched;
  return {
    owned: new Map(),
    stale: unknown ? known.union(mentionedBy(workload)) : known,
    ...nothingOwned,
    search,
    complete: !search,
    letGo: false,
    recordIsOurs,
    notes: [],
  };
}
