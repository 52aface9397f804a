import { apiVersionOf, isWorkloadReference, workloadEntry } from '../../kubernetes/kinds.ts';
import type { WorkloadName } from '../../kubernetes/names.ts';
import type { ObjectMeta, OwnerReference } from '../../kubernetes/objects.ts';
import { type Writer, writersOf } from './claims.ts';

/**
 * The two owner references that a source gets, and how they are removed again. The reference to the
 * workload says who uses the source. The one to the Namespace kube-system is why nothing can be lost:
 * the garbage collector deletes no object that has a living owner, and the API server lets nobody
 * delete that Namespace. Earlier versions named the source's own namespace instead: a copy of the
 * source in another namespace was then deleted together with the first one.
 */

/** The Namespace that outlives every source. */
export const lastingOwner = 'kube-system';

/**
 * What a reading keeps of a source's owners: text, since whoever writes to a namespace can put
 * thousands of owners on each of its sources.
 */
export interface Owners {
  /** Their uids; none where there are more than are kept. */
  readonly uids: string;
  /** The uids of those that we wrote, and nobody else. */
  readonly ours: string;
  /** How many owner references there are. */
  readonly count: number;
  /** Whether the Namespace kube-system is among them. */
  readonly lasting: boolean;
  /** The uids of its own namespace where we, and nobody else, made it an owner: an earlier version did. */
  readonly former: string;
  /** Of the source as it was read. */
  readonly resourceVersion: string;
}

/** A source with so many owner references gets no more. */
export const maxOwners = 100;
/** With more of them than this, which we have not put there, nobody counts as an owner. */
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

/** Whatever else stands there names nothing: anybody may write any text. */
const likeUid = /^[-\w]{1,64}$/;

/** Whether an object is among the owners of a source. */
export function isOwner({ uids }: Pick<Owners, 'uids'>, uid: string): boolean {
  return uids.split(' ').includes(uid);
}

/** Whether it is, by a reference that we wrote, and nobody else. */
export function isOwnerByUs({ ours }: Owners, uid: string): boolean {
  return isOwner({ uids: ours }, uid);
}

export function hasReferencesTo(owners: Owners, workloadUid: string): boolean {
  return owners.lasting && owners.former === '' && isOwner(owners, workloadUid);
}

/** How many owners a source has more once it is marked. */
export function growth(owners: Owners, workloadUid: string): number {
  const added = (isOwner(owners, workloadUid) ? 0 : 1) + (owners.lasting ? 0 : 1);
  return added - formerUids(owners).length;
}

function formerUids({ former }: Owners): string[] {
  return former === '' ? [] : former.split(' ');
}

/**
 * A strategic merge patch that adds what is lacking of both references, removes the one to the source's
 * own namespace that we wrote, and touches no other: one to kube-system that somebody else wrote would
 * become ours by being written again. It holds for the object with this uid alone: one that was made
 * again under the name is not what was read. Undefined if a reference of another name has the uid of
 * kube-system: the patch would overwrite it.
 *
 * If it relies on the reference to kube-system being there, or removes one, its precondition is the
 * version that was read: the last workload that gives the source up removes that reference, and it may
 * do so in the same pass.
 *
 * @param lastingUid of the Namespace kube-system, read in this pass
 */
export function addReferencesPatch(
  source: { readonly uid: string; readonly owners: Owners },
  workload: WorkloadName & { readonly uid: string },
  lastingUid: string,
): object | undefined {
  const { kind, name, uid } = workload;
  const apiVersion = apiVersionOf(workloadEntry(kind));
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
 * Whose references are removed: a pass removes those that we wrote. A person who releases also removes
 * those that upstream Wave wrote, and those of which nobody knows who did.
 */
export type Whose = 'ours' | 'ours or of Wave';

/** What letting a source go comes to. */
export interface Removal {
  /** References that are to be taken off. */
  readonly gone: readonly OwnerReference[];
  /** Whether a reference to one of the workloads stays. */
  readonly left: boolean;
  /**
   * Whether it stays while no reference of ours to a Namespace does: the garbage collector would
   * delete the source with the workload.
   */
  readonly unsafe: boolean;
}

/**
 * How these workloads let a source go: their references are removed, and with the last reference of
 * ours also those to kube-system and to the own namespace. What somebody else wrote stays. In a pass
 * the reference to the Namespace stays with it: it keeps the source when the workload is gone, and the
 * garbage collector removes the reference to the workload then.
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
 * A strategic merge patch that removes references, and adds the one to kube-system if its uid is given.
 * Undefined if nothing is to be written.
 *
 * Its precondition is the version that was read, since another workload's reference that is added
 * at the same time needs the one to kube-system.
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

/** Whether a source has the Namespace kube-system, the very one, as an owner. */
export function hasLastingOwner(metadata: ObjectMeta, lastingUid: string): boolean {
  return (metadata.ownerReferences ?? []).some(
    (each) => isNamespace(each, lastingOwner) && each.uid === lastingUid,
  );
}

/** Whether others have put more owners on it than we ever do: policies may refuse to count them. */
export function hasManyOwners({ ownerReferences }: ObjectMeta): boolean {
  return (ownerReferences ?? []).length > maxKept;
}

/** Whether any of its owner references has this uid. */
export function hasOwner({ ownerReferences }: ObjectMeta, uid: string): boolean {
  return (ownerReferences ?? []).some((each) => each.uid === uid);
}

/** What a source carries that is, or may be, a mark. */
export interface CarriedReferences {
  /** Its references to workloads. */
  readonly workloads: readonly CarriedReference[];
  /** Whether we wrote one to kube-system or to its own namespace, and nobody else did. */
  readonly lastingByUs: boolean;
}

export interface CarriedReference {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** Whether we wrote it, and nobody else did. */
  readonly ours: boolean;
  /** Whether it is ours, or looks like one of upstream Wave, or nobody knows whose it is. */
  readonly released: boolean;
}

/** The marks of a source and who wrote them, for finding those that no record names. */
export function carriedReferences(metadata: ObjectMeta): CarriedReferences {
  const writer = writersOf(metadata);
  const references = metadata.ownerReferences ?? [];
  return {
    workloads: references.filter(isWorkloadReference).map((each) => ({
      kind: each.kind ?? '',
      name: each.name ?? '',
      uid: each.uid ?? '',
      ours: writer(each) === 'us',
      released: isOursOrWaves(each, writer(each)),
    })),
    lastingByUs: references.some((each) => isLasting(each, metadata) && writer(each) === 'us'),
  };
}

/** Upstream Wave's block, and control nothing; it wrote them as what its binary is called. */
function isOursOrWaves(reference: OwnerReference, writer: Writer): boolean {
  const { controller, blockOwnerDeletion } = reference;
  const ofWave = blockOwnerDeletion === true && controller !== true;
  return isWorkloadReference(reference) && (writer !== 'others' || ofWave);
}

function isLasting(reference: OwnerReference, metadata: ObjectMeta): boolean {
  return isNamespace(reference, lastingOwner) || isFormer(reference, metadata);
}

/** What an earlier version wrote in place of kube-system. */
function isFormer(reference: OwnerReference, { namespace }: ObjectMeta): boolean {
  return namespace !== lastingOwner && isNamespace(reference, namespace ?? '');
}

function isNamespace({ apiVersion, kind, name }: OwnerReference, namespace: string): boolean {
  return apiVersion === 'v1' && kind === 'Namespace' && name === namespace;
}
