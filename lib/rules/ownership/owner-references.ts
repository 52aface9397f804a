import {
  apiVersionOf,
  isBuiltInReference,
  referencedKind,
  type WorkloadKind,
  workloadEntry,
} from '../../kubernetes/kinds.ts';
import type { WorkloadName } from '../../kubernetes/names.ts';
import type { ObjectMeta, OwnerReference } from '../../kubernetes/objects.ts';
import { type Writer, writersOf } from './claims.ts';

/**
 * The two owner references of a source, and their removal. The reference to the workload shows which workload
 * uses the source. The reference to the Namespace kube-system protects the source: the garbage collector
 * deletes no object with a living owner, and the API server does not allow deleting that Namespace. Earlier
 * versions used the namespace of the source instead. So a copy of the source in another namespace was deleted
 * together with the original namespace.
 */

/** The Namespace that outlives every source. */
export const lastingOwner = 'kube-system';

/**
 * The owners of a source, in a compact form. It is text, because a tenant can add thousands of
 * owners to each source.
 */
export interface Owners {
  /** The uids of the owners; empty if there are too many. */
  readonly uids: string;
  /** The uids of the references that only wave-cron wrote. */
  readonly ours: string;
  /** The number of owner references. */
  readonly count: number;
  /** Whether the Namespace kube-system is an owner. */
  readonly lasting: boolean;
  /**
   * The uids of the source's own namespace in references that only wave-cron wrote. Only earlier
   * versions wrote such references.
   */
  readonly former: string;
  /** The resourceVersion of the source that was read. */
  readonly resourceVersion: string;
}

/** A source with this many owner references gets no more. */
export const maxOwners = 100;
/** The maximum number of owners whose uids are kept. wave-cron never adds that many owners. */
const maxKept = 2 * maxOwners;

export function ownersOf(metadata: ObjectMeta): Owners {
  const references = metadata.ownerReferences ?? [];
  const writer = writersOf(metadata);
  return {
    uids: uidsOf(references),
    ours: uidsOf(references.filter((each) => writer(each) === 'us')),
    count: references.length,
    lasting: references.some((each) => isNamespace(each, lastingOwner)),
    former: uidsOf(references.filter((each) => isFormer(each, metadata) && writer(each) === 'us')),
    resourceVersion: metadata.resourceVersion ?? '',
  };
}

function uidsOf(references: readonly OwnerReference[]): string {
  if (references.length > maxKept) return '';
  return references
    .map(({ uid }) => uid ?? '')
    .filter((uid) => likeUid.test(uid))
    .join(' ');
}

/** The format of a uid. Clients may write any text. */
const likeUid = /^[-\w]{1,64}$/;

/** Whether an object is an owner of a source. */
export function isOwner({ uids }: Pick<Owners, 'uids'>, uid: string): boolean {
  return uids.split(' ').includes(uid);
}

/** Whether the object with this uid is an owner by a reference that only wave-cron wrote. */
export function isOwnerByUs({ ours }: Owners, uid: string): boolean {
  return isOwner({ uids: ours }, uid);
}

export function hasReferencesTo(owners: Owners, workloadUid: string): boolean {
  return owners.lasting && owners.former === '' && isOwner(owners, workloadUid);
}

/** The number of owners that a source gets with both references. */
export function growth(owners: Owners, workloadUid: string): number {
  const added = (isOwner(owners, workloadUid) ? 0 : 1) + (owners.lasting ? 0 : 1);
  return added - formerUids(owners).length;
}

function formerUids({ former }: Owners): string[] {
  return former === '' ? [] : former.split(' ');
}

/**
 * A strategic merge patch that adds the missing references and removes our reference to the source's own
 * namespace. It does not change any other reference: if it wrote another program's reference to kube-system
 * again, that reference would become ours. It requires the uid of the source, because a source that was created
 * again is a different one. Undefined if a reference with another name has the uid of kube-system, because the
 * patch would overwrite that reference.
 *
 * If the patch relies on the present reference to kube-system, or removes a reference, it also requires the
 * version that was read: another workload may give up the source in the same pass, and remove the reference to
 * kube-system.
 *
 * @param lastingUid uid of the Namespace kube-system, read in this pass
 */
export function addReferencesPatch(
  source: { readonly uid: string; readonly owners: Owners },
  workload: WorkloadName & { readonly uid: string },
  lastingUid: string,
): object | undefined {
  const { name, uid } = workload;
  const entry = workloadEntry(workload.kind);
  const { kind } = entry;
  const apiVersion = apiVersionOf(entry);
  const { owners } = source;
  const isThere = owners.lasting && isOwner(owners, lastingUid);
  if (!isThere && isOwner(owners, lastingUid)) return undefined;
  const former = formerUids(owners);
  return {
    metadata: {
      uid: source.uid,
      ...(isThere || former.length > 0 ? { resourceVersion: owners.resourceVersion } : {}),
      ownerReferences: [
        ...former.map((each) => ({ $patch: 'delete', uid: each })),
        ...(isOwner(owners, uid) ? [] : [{ apiVersion, kind, name, uid, ...passive }]),
        ...(isThere ? [] : [toLastingOwner(lastingUid)]),
      ],
    },
  };
}

const passive = { controller: false, blockOwnerDeletion: false };

function toLastingOwner(uid: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', name: lastingOwner, uid, ...passive };
}

/**
 * Selects the references to remove. A pass removes only our own. `release` also removes those of upstream Wave,
 * and those with an unknown writer.
 */
export type Whose = 'ours' | 'ours or of Wave';

/** The result of planning a removal. */
export interface Removal {
  /** References to remove. */
  readonly gone: readonly OwnerReference[];
  /** Whether a reference to one of the workloads stays. */
  readonly left: boolean;
  /**
   * Whether a reference stays without a reference of ours to a Namespace: then the garbage
   * collector would delete the source together with the workload.
   */
  readonly unsafe: boolean;
}

/**
 * Plans how these workloads give up a source. Their references are removed. With our last reference, our
 * references to kube-system and to the source's own namespace are removed too. References of other programs
 * stay. In a pass, our reference to the Namespace stays if such a reference to a workload stays: it keeps the
 * source when the workload is deleted, and the garbage collector then removes the reference to the workload.
 */
export function planRemoval(
  metadata: ObjectMeta,
  workloadUids: ReadonlySet<string>,
  whose: Whose,
): Removal {
  const writer = writersOf(metadata);
  const references = metadata.ownerReferences ?? [];
  const isTheirs = ({ uid }: OwnerReference): boolean => workloadUids.has(uid ?? '');
  const isTaken = (each: OwnerReference): boolean =>
    whose === 'ours' ? writer(each) === 'us' : isOursOrWaves(each, writer(each));
  const workloads = references.filter((each) => isTheirs(each) && isTaken(each));
  const stays = references.filter((each) => !workloads.includes(each));
  const left = whose === 'ours' && stays.some(isTheirs);
  const keepsLasting = left || stays.some((each) => isOursOrWaves(each, writer(each)));
  const lasting = stays.filter((each) => isLasting(each, metadata));
  const isOurs = (each: OwnerReference): boolean =>
    writer(each) === 'us' || (whose !== 'ours' && writer(each) === 'nobody');
  return {
    gone: keepsLasting ? workloads : [...workloads, ...lasting.filter(isOurs)],
    left,
    unsafe: left && !lasting.some((each) => writer(each) === 'us'),
  };
}

/**
 * A strategic merge patch that removes references, and adds the reference to kube-system if its uid is given.
 * Undefined if there is nothing to write.
 *
 * It requires the version that was read: if another workload adds its reference at the same time, that workload
 * relies on the reference to kube-system.
 */
export function removeReferencesPatch(
  { uid, resourceVersion }: ObjectMeta,
  { gone }: Pick<Removal, 'gone'>,
  lastingUid: string | undefined,
): object | undefined {
  if (gone.length === 0 && lastingUid === undefined) return undefined;
  return {
    metadata: {
      uid,
      resourceVersion,
      ownerReferences: [
        ...gone.map((each) => ({ $patch: 'delete', uid: each.uid })),
        ...(lastingUid === undefined ? [] : [toLastingOwner(lastingUid)]),
      ],
    },
  };
}

/** Whether the Namespace kube-system, with this uid, is an owner of a source. */
export function hasLastingOwner(metadata: ObjectMeta, lastingUid: string): boolean {
  return (metadata.ownerReferences ?? []).some(
    (each) => isNamespace(each, lastingOwner) && each.uid === lastingUid,
  );
}

/**
 * Whether other clients added so many owners that admission policies may refuse to count the
 * owners.
 */
export function hasManyOwners({ ownerReferences }: ObjectMeta): boolean {
  return (ownerReferences ?? []).length > maxKept;
}

/** Whether any owner reference has this uid. */
export function hasOwner({ ownerReferences }: ObjectMeta, uid: string): boolean {
  return (ownerReferences ?? []).some((each) => each.uid === uid);
}

/** The owner references of a source that are ours, or may be ours. */
export interface CarriedReferences {
  /** The references of the source to workloads. */
  readonly workloads: readonly CarriedReference[];
  /** Whether there is a reference to kube-system or to the source's own namespace that only wave-cron wrote. */
  readonly lastingByUs: boolean;
}

export interface CarriedReference {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly uid: string;
  /** Whether only wave-cron wrote the reference. */
  readonly ours: boolean;
  /** Whether `release` removes the reference: it is ours, looks like one of upstream Wave, or has an unknown writer. */
  readonly released: boolean;
}

/** The owner references of a source with their writers, to find references that no record names. */
export function carriedReferences(metadata: ObjectMeta): CarriedReferences {
  const writer = writersOf(metadata);
  const references = metadata.ownerReferences ?? [];
  return {
    workloads: references.flatMap((each): CarriedReference[] => {
      const kind = referencedKind(each);
      const ours = writer(each) === 'us';
      // Objects of many other programs own sources. Only an owner reference to a workload can be ours.
      if (kind === undefined || !(ours || isBuiltInReference(each))) return [];
      const released = isOursOrWaves(each, writer(each));
      return [{ kind, name: each.name ?? '', uid: each.uid ?? '', ours, released }];
    }),
    lastingByUs: references.some((each) => isLasting(each, metadata) && writer(each) === 'us'),
  };
}

/**
 * Upstream Wave's references block deletion and are not controllers. Its field manager is the name
 * of its binary.
 */
function isOursOrWaves(reference: OwnerReference, writer: Writer): boolean {
  if (writer === 'us') return referencedKind(reference) !== undefined;
  const { controller, blockOwnerDeletion } = reference;
  const ofWave = blockOwnerDeletion === true && controller !== true;
  return isBuiltInReference(reference) && (writer === 'nobody' || ofWave);
}

function isLasting(reference: OwnerReference, metadata: ObjectMeta): boolean {
  return isNamespace(reference, lastingOwner) || isFormer(reference, metadata);
}

/** Whether the reference is to the source's own namespace, which earlier versions added instead of kube-system. */
function isFormer(reference: OwnerReference, { namespace }: ObjectMeta): boolean {
  return namespace !== lastingOwner && isNamespace(reference, namespace ?? '');
}

function isNamespace({ apiVersion, kind, name }: OwnerReference, namespace: string): boolean {
  return apiVersion === 'v1' && kind === 'Namespace' && name === namespace;
}
