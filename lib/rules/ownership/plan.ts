import { isSourceKind, type SourceKind } from '../../kubernetes/kinds.ts';
import { isOwnRecordName, recordName } from '../../kubernetes/names.ts';
import type { OwnershipSetting } from '../../settings/schema.ts';
import { shortList } from '../../text/short-list.ts';
import type { Readings } from '../reading.ts';
import { isHold, type Reason } from '../reason.ts';
import { sourceKey } from '../references.ts';
import type { Workload } from '../workload.ts';
import {
  growth,
  hasReferencesTo,
  isOwnerByUs,
  maxOwners,
  type Owners,
} from './owner-references.ts';
import { type OwnedRecord, parseRecord, withinBounds } from './record.ts';

/** A source that a workload should own. */
export interface Owned {
  readonly kind: SourceKind;
  readonly name: string;
  readonly uid: string;
  readonly owners: Owners;
  /** Whether the source already has both references. */
  readonly hasReferences: boolean;
}

/**
 * The changes to make to the owner references of one workload. Sources are named as in the record
 * of the workload.
 */
export interface OwnershipPlan {
  /** Sources that the workload should own; empty if all references must be removed. */
  readonly owned: ReadonlyMap<string, Owned>;
  /** Sources that may have an owner reference to the workload, but should not. */
  readonly stale: ReadonlySet<string>;
  /**
   * Sources whose references another client removed. The workload should own them, and they are in
   * its record.
   */
  readonly lost: ReadonlySet<string>;
  /** Sources whose references were removed so often that they are not put back any more. */
  readonly givenUp: ReadonlySet<string>;
  /**
   * Whether a recorded reference is missing. If so, the count of passes that put back references
   * continues.
   */
  readonly keepsPutBack: boolean;
  /**
   * `while owning`: the workload has the finalizer as long as any source may have an owner
   * reference to it. `until settled`: the finalizer is never added. If it is present, it is removed
   * as soon as nothing is left to do.
   */
  readonly finalizer: 'while owning' | 'until settled';
  /**
   * Whether sources that are neither in the record nor referenced may have an owner reference to
   * the workload.
   */
  readonly search: boolean;
  /** Whether the record counts as complete without a search. */
  readonly complete: boolean;
  /** Whether the finalizer is removed even if the search is denied. */
  readonly letGo: boolean;
  /**
   * Whether wave-cron wrote the record. If another client wrote a name in the record, and access to
   * that source is denied, the pass has not failed.
   */
  readonly recordIsOurs: boolean;
  /** Notes for the owner of the workload that require no action. */
  readonly notes: readonly string[];
}

/**
 * Plans the ownership of one workload; undefined if the owner references to it stay as they are.
 * Pure.
 */
export function planOwnership(
  workload: Workload,
  decided: Decided,
  readings: Readings,
  setting: OwnershipSetting,
): OwnershipPlan | undefined {
  switch (goalOf(workload, decided, setting)) {
    case 'leave':
      return undefined;
    case 'own':
      return planToOwn(workload, readings, setting === 'finalizer');
    case 'disown':
      return planToDisown(workload, readings);
  }
}

/**
 * How many passes in a row put references back. If the references are removed again each time,
 * another client removes them in each sync.
 */
export const maxPutBack = 3;

function planToOwn(
  workload: Workload,
  readings: Readings,
  withFinalizer: boolean,
): OwnershipPlan | undefined {
  const { finalizer, recordIsOurs, putBack } = workload.ownership;
  const record = parseRecord(workload.ownership.record);
  const { owned, carriers, crowded } = sourcesOf(workload, readings);
  // Sources that are already owned come first, so that the selection is the same in each pass.
  const { fit, beyond } = withinBounds([
    ...[...owned.keys()].filter((label) => owned.get(label)?.hasReferences),
    ...owned.keys(),
  ]);
  const isLost = ([label, { hasReferences, owners }]: readonly [string, Owned]): boolean =>
    !hasReferences && owners.former === '' && record?.names.has(label) === true;
  const kept = new Map([...owned].filter(([label]) => fit.has(label)));
  const missing = new Set([...kept].filter(isLost).map(([label]) => label));
  const isStopped = missing.size > 0 && putBack >= maxPutBack;
  const givenUp = isStopped ? missing : new Set<string>();
  for (const label of givenUp) kept.delete(label);
  const known = carriers.union(record?.names ?? new Set<string>());
  const notes = [
    ...(crowded.length === 0
      ? []
      : [
          `${shortList(crowded)} got no owner reference: the limit is ${maxOwners} owner references per source`,
        ]),
    ...(beyond.length === 0
      ? []
      : [`${shortList(beyond)} got no owner reference: the record of the workload is full`]),
  ];
  const none = fit.size === 0 && known.size === 0 && !finalizer && record === undefined;
  if (none && notes.length === 0) return undefined;
  // There may be references without a record: upstream Wave writes no record, and if a tool
  // replaces a workload, it removes the record.
  const unknown = record === undefined && (finalizer || carriers.size > 0);
  return {
    owned: kept,
    // If a given-up source has only the reference to the workload, it would be deleted together
    // with the workload.
    stale: known.difference(fit).union(carriers.intersection(givenUp)),
    lost: missing.difference(givenUp),
    givenUp,
    keepsPutBack: missing.size > 0,
    finalizer: withFinalizer ? 'while owning' : 'until settled',
    // If the record is incomplete, a search is needed only if all references or the finalizer are
    // removed. If it were needed in other cases too, a process that may not list sources would fail
    // in each pass.
    search:
      unknown || (record?.complete === false && (fit.size === 0 || (finalizer && !withFinalizer))),
    complete: !unknown && record?.complete !== false,
    letGo: false,
    recordIsOurs,
    notes,
  };
}

function planToDisown(workload: Workload, readings: Readings): OwnershipPlan | undefined {
  const { deleting, ownership } = workload;
  const { finalizer, record: text, recordIsOurs } = ownership;
  const { carriers } = sourcesOf(workload, readings);
  if (!finalizer && text === undefined && carriers.size === 0) return undefined;
  const isOptedIn = !isOptedOut(workload);
  // If a workload did not opt in, its record must not decide which sources are read, unless
  // wave-cron wrote the record.
  const record = isOptedIn || recordIsOurs ? parseRecord(text) : undefined;
  const known = carriers.union(record?.names ?? new Set<string>());
  const unknown = finalizer && record?.complete !== true;
  const mayFind = isOptedIn || recordIsOurs;
  return {
    owned: new Map(),
    stale: unknown ? known.union(mentionedBy(workload)) : known,
    ...nothingOwned,
    search: unknown && mayFind,
    complete: !unknown || !mayFind,
    letGo: deleting,
    recordIsOurs,
    notes:
      unknown && !mayFind
        ? ['it has no record of its sources, so only those in its template were checked']
        : [],
  };
}

/** The fields of a plan if the workload should own nothing. */
export const nothingOwned = {
  lost: new Set<string>(),
  givenUp: new Set<string>(),
  keepsPutBack: false,
  finalizer: 'until settled',
} as const;

/** Whether the annotations of the workload do not opt in. */
function isOptedOut({ configuration }: Workload): boolean {
  return configuration.kind === 'refused' && configuration.reason === 'OptedOut';
}

/**
 * The sources in the namespace of the workload that the workload references, named as in a record.
 */
export function mentionedBy({
  configuration,
  namespace,
  ownership,
}: Workload): ReadonlySet<string> {
  if (configuration.kind === 'refused') return ownership.mentioned ?? new Set();
  const labels = configuration.references
    .filter((each) => each.namespace === namespace)
    .map(({ kind, name }) => recordName({ kind, namespace: '', name }))
    .filter(isOwnRecordName);
  return new Set(labels);
}

/**
 * The record after all attempts: the sources that the workload owns, and the sources in `stuck`,
 * from which the reference could not be removed. If a source does not fit into the record, the
 * workload cannot own it. If such a source already has a reference, `complete` is false.
 */
export function recordAfter(
  owned: ReadonlyMap<string, Owned>,
  stuck: readonly string[],
  complete: boolean,
): { record: OwnedRecord; beyond: ReadonlySet<string> } {
  const present = [...owned.keys()].filter((label) => owned.get(label)?.hasReferences);
  const { fit, beyond } = withinBounds([...stuck, ...present, ...owned.keys()]);
  const lost = beyond.some((label) => owned.get(label)?.hasReferences !== false);
  return { record: { names: fit, complete: complete && !lost }, beyond: new Set(beyond) };
}

function goalOf(
  { deleting, ownership }: Workload,
  { reason, held }: Decided,
  setting: OwnershipSetting,
): 'own' | 'disown' | 'leave' {
  if (deleting || reason === 'OptedOut' || setting === 'off') return 'disown';
  // If a tool replaces the whole workload, it removes the record too. So a record on the workload
  // is useless.
  if (reason === 'Reverted' && ownership.record === undefined) return 'leave';
  // A rollout may be held for weeks, and the Pods use the sources during this time.
  const isHeld = held !== undefined || isHold(reason);
  return isHeld || settled.has(reason) ? 'own' : 'leave';
}

interface Decided {
  readonly reason: Reason;
  /** Present if the rollout policy holds the change back. */
  readonly held?: object;
}

/** Reasons for which all references of the workload are known. */
const settled: ReadonlySet<Reason> = new Set([
  'UpToDate',
  'ConfigChanged',
  'FirstSeen',
  'Adopted',
  'Reverted',
]);

/**
 * Divides the referenced sources: sources that the workload may own, sources that have our owner
 * reference to the workload, and sources with too many owners. The workload cannot own a source of
 * another namespace, because an owner must be in the same namespace. It also cannot own a source
 * that is ignored or being deleted.
 */
function sourcesOf(
  { configuration, namespace, uid, deleting }: Workload,
  readings: Readings,
): { owned: Map<string, Owned>; carriers: Set<string>; crowded: string[] } {
  const owned = new Map<string, Owned>();
  const carriers = new Set<string>();
  const crowded: string[] = [];
  if (configuration.kind === 'refused' || deleting) return { owned, carriers, crowded };
  for (const reference of configuration.references) {
    const reading = readings.get(sourceKey(reference));
    const { kind, name } = reference;
    if (reference.namespace !== namespace || !isSourceKind(kind)) continue;
    if (reading?.state !== 'present') continue;
    const label = recordName({ kind, namespace: '', name });
    const { uid: sourceUid, owners } = reading;
    if (isOwnerByUs(owners, uid)) carriers.add(label);
    if (reading.ignored || reading.deleting) continue;
    const hasReferences = hasReferencesTo(owners, uid);
    if (!hasReferences && growth(owners, uid) > 0 && owners.count >= maxOwners) crowded.push(label);
    else owned.set(label, { kind, name, uid: sourceUid, owners, hasReferences });
  }
  return { owned, carriers, crowded };
}
