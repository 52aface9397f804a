import type { Workload } from '../workload.ts';
import { mentionedBy, nothingOwned, type OwnershipPlan } from './plan.ts';
import { parseRecord } from './record.ts';

/**
 * Plans the removal of all owner references to a workload; undefined if it has neither finalizer
 * nor record. Pure. It needs no readings, because values do not matter.
 *
 * @param carriers sources that have its owner reference, as in the record
 * @param searched whether `carriers` is complete
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
  // Without the finalizer, the deletion does not wait for a search, and the record alone would be
  // useless.
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
