import type { SourceKind } from '../../kubernetes/kinds.ts';
import { isOwnRecordName, recordName } from '../../kubernetes/names.ts';
import type { OwnershipSetting } from '../../settings/schema.ts';
import { shortList } from '../../text/short-list.ts';
import type { Readings } from '../reading.ts';
import type { Reason } from '../reason.ts';
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

/** A source that a workload is to own. */
export interface Owned {
  readonly kind: SourceKind;
  readonly name: string;
  readonly uid: string;
  readonly owners: Owners;
  /** Whether both references are there already. */
  readonly hasReferences: boolean;
}

/** What is to be done about the marks of one workload. Sources are named as in its record. */
export interface OwnershipPlan {
  /** What it is to own; nothing where all its marks are to go. */
  readonly owned: ReadonlyMap<string, Owned>;
  /** What may carry its mark and is to carry it no more. */
  readonly stale: ReadonlySet<string>;
  /** Of what it is to own, what its record names already: somebody removed the references. */
  readonly lost: ReadonlySet<string>;
  /** What it owned and somebody removed the references of so often that they are not put back. */
  readonly givenUp: ReadonlySet<string>;
  /** Whether any reference is missing that was there, so that the count of them goes on. */
  readonly keepsPutBack: boolean;
  /**
   * `while owning`: the workload has it as long as any source may carry its mark. `until settled`: it is
   * never added, and one that is there goes once nothing is left to be done.
   */
  readonly finalizer: 'while owning' | 'until settled';
  /** Whether sources may carry its mark that neither the record nor its references name. */
  readonly search: boolean;
  /** Whether the record may be called complete without a search. */
  readonly complete: boolean;
  /** Whether the workload is let go also where the search is refused. */
  readonly letGo: boolean;
  /**
   * Whether we wrote the record that names what is stale. What is refused about a name that somebody
   * else has put there is no fault of the pass.
   */
  readonly recordIsOurs: boolean;
  /** What its owner should know, though nothing has to be done about it. */
  readonly notes: readonly string[];
}

/**
 * What ownership asks for on one workload; undefined where its marks are to be left as they are.
 * Pure.
 */
export function planOwnership(
  workload: Workload,
  decided: { readonly reason: Reason },
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

/** So often references are put back in a row; then somebody is at work who removes them. */
const maxPutBack = 3;

function planToOwn(
  workload: Workload,
  readings: Readings,
  withFinalizer: boolean,
): OwnershipPlan | undefined {
  const { finalizer, recordIsOurs, putBack } = workload.ownership;
  const record = parseRecord(workload.ownership.record);
  const { owned, carriers, crowded } = sourcesOf(workload, readings);
  // What is marked already comes first, so that it stays the same at each pass.
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
  // Upstream Wave keeps no record, and whoever replaces a workload takes the record away.
  const unknown = record === undefined && (finalizer || carriers.size > 0);
  return {
    owned: kept,
    // One that is given up and still refers to the workload alone would be deleted together with it.
    stale: known.difference(fit).union(carriers.intersection(givenUp)),
    lost: missing.difference(givenUp),
    givenUp,
    keepsPutBack: missing.size > 0,
    finalizer: withFinalizer ? 'while owning' : 'until settled',
    // Where it is known to be incomplete, only removing everything needs to find the rest, and so does
    // removing the finalizer: a process that may not list would else be refused at every pass.
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
  // Who did not opt in has no say in what is looked at for it.
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

/** Of a plan by which a workload is to own nothing. */
export const nothingOwned = {
  lost: new Set<string>(),
  givenUp: new Set<string>(),
  keepsPutBack: false,
  finalizer: 'until settled',
} as const;

/** Whether its annotations do not ask for anything, whatever else they say. */
function isOptedOut({ configuration }: Workload): boolean {
  return configuration.kind === 'refused' && configuration.reason === 'OptedOut';
}

/** The sources of its own namespace that it references, as in a record. */
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
 * The record once all was tried: what it owns, and what could not be let go. What has no room in it
 * cannot be owned; `complete` is false where even what is marked has none.
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
  { reason }: { readonly reason: Reason },
  setting: OwnershipSetting,
): 'own' | 'disown' | 'leave' {
  if (deleting || reason === 'OptedOut' || setting === 'off') return 'disown';
  // Who replaces the workload as a whole removes the record too, so nothing can be remembered there.
  if (reason === 'Reverted' && ownership.record === undefined) return 'leave';
  return settled.has(reason) ? 'own' : 'leave';
}

/** Decided about with everything known that it references. */
const settled: ReadonlySet<Reason> = new Set([
  'UpToDate',
  'ConfigChanged',
  'FirstSeen',
  'Adopted',
  'Reverted',
  'LimitExceeded',
]);

/**
 * Of the sources that it references: those that it may own, those that carry a mark of ours for it,
 * and those that have too many owners for one more. It owns no source of another namespace, since an
 * owner must be in the same, none that its owner wants to be left out, and none that is being deleted.
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
    if (reference.namespace !== namespace || reading?.state !== 'present') continue;
    const { kind, name } = reference;
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
