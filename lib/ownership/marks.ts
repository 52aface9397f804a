import type { ObjectMeta, OwnerReference } from '../pod-spec.ts';
import type { WorkloadName } from '../workload.ts';
import { type Writer, writersOf } from './claims.ts';

/**
 * The two owner references that a source gets, and how they are taken away again. The reference to
 * the workload says who uses the source. The one to the namespace is why nothing can be lost: the
 * garbage collector deletes no object that has a living owner, and without it a foreground deletion
 * of the workload destroys its ConfigMaps and Secrets at once, whatever finalizer it carries.
 */

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
  /** Whether its own namespace is among them. */
  readonly namespace: boolean;
  /** Of the source as it was read. */
  readonly resourceVersion: string;
}

/** A source with so many owner references gets no more. */
export const mostOwners = 100;
/** With more of them than this, which we have not put there, nobody counts as an owner. */
const mostKept = 2 * mostOwners;

export function ownersOf(metadata: ObjectMeta): Owners {
  const references = metadata.ownerReferences ?? [];
  const writer = writersOf(metadata);
  return {
    uids: uidsOf(references),
    ours: uidsOf(references.filter((each) => writer(each) === 'us')),
    count: references.length,
    namespace: references.some((each) => isNamespace(each, metadata.namespace)),
    resourceVersion: metadata.resourceVersion ?? '',
  };
}

function uidsOf(references: readonly OwnerReference[]): string {
  if (references.length > mostKept) return '';
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

export function isMarkedBy(owners: Owners, workloadUid: string): boolean {
  return owners.namespace && isOwner(owners, workloadUid);
}

/**
 * A strategic merge patch that adds what is lacking of both references, and touches no other: one to
 * the namespace that somebody else has put there would become ours by being written again. It holds
 * for the object with this uid alone: one that was made anew under the name is not what was read.
 * Undefined where a reference of another name carries the uid of the namespace: the patch would
 * write over it.
 *
 * Where it relies on the reference to the namespace being there, its precondition is the version that
 * was read: the last workload that gives the source up takes that reference with it, and it may do so
 * in the same pass.
 */
export function markPatch(
  source: { readonly uid: string; readonly owners: Owners },
  workload: WorkloadName & { readonly uid: string },
  namespaceUid: string,
): object | undefined {
  const { kind, namespace, name, uid } = workload;
  const { owners } = source;
  if (!owners.namespace && isOwner(owners, namespaceUid)) return undefined;
  return {
    metadata: {
      uid: source.uid,
      ...(owners.namespace ? { resourceVersion: owners.resourceVersion } : {}),
      ownerReferences: [
        ...(isOwner(owners, uid) ? [] : [{ apiVersion: 'apps/v1', kind, name, uid, ...passive }]),
        ...(owners.namespace ? [] : [toNamespace(namespace, namespaceUid)]),
      ],
    },
  };
}

const passive = { controller: false, blockOwnerDeletion: false };

function toNamespace(name: string, uid: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', name, uid, ...passive };
}

/**
 * Whose references are taken off: a pass takes those that we wrote. A person who releases also takes
 * those that upstream Wave wrote, and those of which nobody knows who did.
 */
export type Whose = 'ours' | 'ours or of Wave';

/** What letting a source go comes to. */
export interface Unmarking {
  /** References that are to be taken off. */
  readonly gone: readonly OwnerReference[];
  /** Whether a reference to one of the workloads stays. */
  readonly left: boolean;
  /**
   * Whether it stays while none that we know to be real refers to
   * the namespace: the garbage collector would delete the source with the workload.
   */
  readonly unsafe: boolean;
}

/**
 * How these workloads let a source go: their references are taken off, and with the last reference of
 * ours also the one to the namespace. What somebody else wrote stays. In a pass the reference to the
 * namespace stays with it: it keeps the source when the workload is gone, and the garbage collector
 * takes the reference to the workload off then.
 */
export function unmarking(
  metadata: ObjectMeta,
  workloadUids: ReadonlySet<string>,
  whose: Whose,
): Unmarking {
  const writer = writersOf(metadata);
  const references = metadata.ownerReferences ?? [];
  const isTheirs = ({ uid }: OwnerReference): boolean => workloadUids.has(uid ?? '');
  const isTaken = (each: OwnerReference): boolean =>
    whose === 'ours' ? writer(each) === 'us' : isMark(each, writer(each));
  const workloads = references.filter((each) => isTheirs(each) && isTaken(each));
  const stays = references.filter((each) => !workloads.includes(each));
  const left = whose === 'ours' && stays.some(isTheirs);
  const keepsNamespace = left || stays.some((each) => isMark(each, writer(each)));
  const namespaces = stays.filter((each) => isNamespace(each, metadata.namespace));
  const isOurs = (each: OwnerReference): boolean =>
    writer(each) === 'us' || (whose !== 'ours' && writer(each) === 'nobody');
  return {
    gone: keepsNamespace ? workloads : [...workloads, ...namespaces.filter(isOurs)],
    left,
    unsafe: left && !namespaces.some((each) => writer(each) === 'us'),
  };
}

/**
 * A strategic merge patch that takes references off, and adds the one to the namespace where its uid
 * is given. Undefined where nothing is to be written.
 *
 * Its precondition is the version that was read, since another workload's reference that is added
 * meanwhile needs the one to the namespace.
 */
export function unmarkPatch(
  { uid, resourceVersion, namespace }: ObjectMeta,
  { gone }: Pick<Unmarking, 'gone'>,
  namespaceUid: string | undefined,
): object | undefined {
  if (gone.length === 0 && namespaceUid === undefined) return undefined;
  return {
    metadata: {
      uid,
      resourceVersion,
      ownerReferences: [
        ...gone.map((each) => ({ $patch: 'delete', uid: each.uid })),
        ...(namespaceUid === undefined ? [] : [toNamespace(namespace ?? '', namespaceUid)]),
      ],
    },
  };
}

/** Whether a source has its namespace, the very one, as an owner. */
export function hasNamespace(metadata: ObjectMeta, namespaceUid: string): boolean {
  return (metadata.ownerReferences ?? []).some(
    (each) => isNamespace(each, metadata.namespace) && each.uid === namespaceUid,
  );
}

/** Whether others have put more owners on it than we ever do: policies may refuse to count them. */
export function hasManyOwners({ ownerReferences }: ObjectMeta): boolean {
  return (ownerReferences ?? []).length > mostKept;
}

/** Whether any of its owner references has this uid. */
export function hasOwner({ ownerReferences }: ObjectMeta, uid: string): boolean {
  return (ownerReferences ?? []).some((each) => each.uid === uid);
}

/** What a source carries that is, or may be, a mark. */
export interface CarriedMarks {
  /** Its references to workloads. */
  readonly workloads: readonly CarriedMark[];
  /** Whether we wrote the one to its namespace, and nobody else did. */
  readonly namespaceByUs: boolean;
}

export interface CarriedMark {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** Whether we wrote it, and nobody else did. */
  readonly ours: boolean;
  /** Whether it is ours, or looks like one of upstream Wave, or nobody knows whose it is. */
  readonly released: boolean;
}

/** The marks of a source and who wrote them, for finding those that no record names. */
export function carriedMarks(metadata: ObjectMeta): CarriedMarks {
  const writer = writersOf(metadata);
  const references = metadata.ownerReferences ?? [];
  return {
    workloads: references.filter(isWorkload).map((each) => ({
      kind: each.kind ?? '',
      name: each.name ?? '',
      uid: each.uid ?? '',
      ours: writer(each) === 'us',
      released: isMark(each, writer(each)),
    })),
    namespaceByUs: references.some(
      (each) => isNamespace(each, metadata.namespace) && writer(each) === 'us',
    ),
  };
}

/** Upstream Wave's block, and control nothing; it wrote them as what its binary is called. */
function isMark(reference: OwnerReference, writer: Writer): boolean {
  const { controller, blockOwnerDeletion } = reference;
  const ofWave = blockOwnerDeletion === true && controller !== true;
  return isWorkload(reference) && (writer !== 'others' || ofWave);
}

function isNamespace(
  { apiVersion, kind, name }: OwnerReference,
  namespace: string | null | undefined,
): boolean {
  return apiVersion === 'v1' && kind === 'Namespace' && name === namespace;
}

export function isWorkload({ apiVersion, kind }: OwnerReference): boolean {
  return (
    apiVersion?.startsWith('apps/') === true &&
    (kind === 'Deployment' || kind === 'StatefulSet' || kind === 'DaemonSet')
  );
}
