import { recordName } from '../config-hash.ts';
import type { Decision, Readings } from '../decide.ts';
import type { Reason } from '../reason.ts';
import { type SourceKind, sourceKey } from '../references.ts';
import type { Workload } from '../workload.ts';
import { isMarkedBy, type Owners } from './marks.ts';
import { parseRecord } from './record.ts';

/** A source that a workload is to own. */
export interface Owned {
  readonly kind: SourceKind;
  readonly name: string;
  readonly uid: string;
  readonly owners: Owners;
  /** Whether both references are there already. */
  readonly marked: boolean;
}

/** What is to be done about the marks of one workload. Sources are named as in its record. */
export interface OwnershipPlan {
  /** What it is to own; nothing where all its marks are to go. */
  readonly owned: ReadonlyMap<string, Owned>;
  /** What may carry its mark and is to carry it no more. */
  readonly stale: ReadonlySet<string>;
  /** Whether sources may carry its mark that neither the record nor its references name. */
  readonly search: boolean;
  /** Whether the record may be called complete without a search. */
  readonly complete: boolean;
}

/**
 * What ownership asks for on one workload; undefined where its marks are to be left as they are.
 * Pure.
 */
export function planOwnership(
  workload: Workload,
  decision: Decision,
  readings: Readings,
  setting: 'on' | 'off',
): OwnershipPlan | undefined {
  const goal = goalOf(workload, decision, setting);
  if (goal === 'leave') return undefined;
  const { finalizer } = workload.ownership;
  const record = parseRecord(workload.ownership.record);
  const { owned, carriers } = sourcesOf(workload, readings);
  const kept = goal === 'own' ? owned : new Map<string, Owned>();
  const known = carriers.union(record?.names ?? new Set<string>());
  if (kept.size === 0 && known.size === 0 && !finalizer && record === undefined) return undefined;
  // Upstream Wave keeps no record, and whoever replaces a workload takes the record away.
  const unknown = record === undefined && (finalizer || carriers.size > 0);
  return {
    owned: kept,
    stale: known.difference(new Set(kept.keys())),
    // Where it is known to be incomplete, only taking everything away needs to find the rest: a
    // process that may not list would else be refused at every pass.
    search: unknown || (kept.size === 0 && record?.complete === false),
    complete: !unknown && record?.complete !== false,
  };
}

function goalOf(
  { deleting }: Workload,
  { reason }: Decision,
  setting: 'on' | 'off',
): 'own' | 'disown' | 'leave' {
  if (deleting || reason === 'OptedOut' || setting === 'off') return 'disown';
  return settled.has(reason) ? 'own' : 'leave';
}

/** Decided about with everything known that it references. */
const settled: ReadonlySet<Reason> = new Set([
  'UpToDate',
  'ConfigChanged',
  'FirstSeen',
  'Adopted',
  'Reverted',
]);

/**
 * Of the sources that it references: those that it may own, and those that carry its mark now. It
 * owns no source of another namespace, since an owner must be in the same, none that its owner
 * wants to be left out, and none that is being deleted.
 */
function sourcesOf(
  { configuration, namespace, uid, deleting }: Workload,
  readings: Readings,
): { owned: Map<string, Owned>; carriers: Set<string> } {
  const owned = new Map<string, Owned>();
  const carriers = new Set<string>();
  if (configuration.kind === 'refused' || deleting) return { owned, carriers };
  for (const reference of configuration.references) {
    const reading = readings.get(sourceKey(reference));
    if (reference.namespace !== namespace || reading?.state !== 'present') continue;
    const { kind, name } = reference;
    const label = recordName({ kind, namespace: '', name });
    if (reading.owners.uids.has(uid)) carriers.add(label);
    if (reading.ignored || reading.deleting) continue;
    const { uid: sourceUid, owners } = reading;
    owned.set(label, { kind, name, uid: sourceUid, owners, marked: isMarkedBy(owners, uid) });
  }
  return { owned, carriers };
}
