import type { Workload } from '../workload.ts';
import { mentionedBy, nothingOwned, type OwnershipPlan } from './plan.ts';
import { parseRecord } from './record.ts';

/**
 * Plans the removal of all owner references to a workload; undefined if the workload has neither
 * the finalizer nor a record. Pure. It needs no readings of the sources, because their values do
 * not matter.
 *
 * @param carriers the sources that have an owner reference to the workload, named as in the record
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
  // If there is no finalizer, the deletion of the workload does not wait for a search, so a record
  // that requires a search would be useless.
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
