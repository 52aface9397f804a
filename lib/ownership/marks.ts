import { fieldManager } from '../event.ts';
import type { ObjectMeta, OwnerReference } from '../pod-spec.ts';
import type { WorkloadName } from '../workload.ts';

/**
 * The two owner references that a source gets, and how they are taken away again. The reference to
 * the workload says who uses the source. The one to the namespace is why nothing can be lost: the
 * garbage collector deletes no object that has a living owner, and without it a foreground deletion
 * of the workload destroys its ConfigMaps and Secrets at once, whatever finalizer it carries.
 */

/** What a reading keeps of a source's owners. */
export interface Owners {
  readonly uids: ReadonlySet<string>;
  /** Whether its own namespace is among them. */
  readonly namespace: boolean;
  /** Of the source as it was read. */
  readonly resourceVersion: string;
}

export function ownersOf(metadata: ObjectMeta): Owners {
  const references = metadata.ownerReferences ?? [];
  return {
    uids: new Set(references.map(({ uid }) => uid ?? '')),
    namespace: references.some((each) => isNamespace(each, metadata.namespace)),
    resourceVersion: metadata.resourceVersion ?? '',
  };
}

export function isMarkedBy({ uids, namespace }: Owners, workloadUid: string): boolean {
  return namespace && uids.has(workloadUid);
}

/**
 * A strategic merge patch that adds what is lacking of both references, and touches no other: one to
 * the namespace that somebody else has put there would become ours by being written again. It holds
 * for the object with this uid alone: one that was made anew under the name is not what was read.
 *
 * Where it relies on the reference to the namespace being there, its precondition is the version that
 * was read: the last workload that gives the source up takes that reference with it, and it may do so
 * in the same pass.
 */
export function markPatch(
  source: { readonly uid: string; readonly owners: Owners },
  workload: WorkloadName & { readonly uid: string },
  namespaceUid: string,
): object {
  const { kind, namespace, name, uid } = workload;
  const passive = { controller: false, blockOwnerDeletion: false };
  const { owners } = source;
  return {
    metadata: {
      uid: source.uid,
      ...(owners.namespace ? { resourceVersion: owners.resourceVersion } : {}),
      ownerReferences: [
        ...(owners.uids.has(uid) ? [] : [{ apiVersion: 'apps/v1', kind, name, uid, ...passive }]),
        ...(owners.namespace
          ? []
          : [
              {
                ...{ apiVersion: 'v1', kind: 'Namespace', name: namespace, uid: namespaceUid },
                ...passive,
              },
            ]),
      ],
    },
  };
}

/**
 * A strategic merge patch that takes the references to these workloads away, and with the last
 * reference of ours also the one to the namespace. Undefined where nothing is to be taken away.
 *
 * Its precondition is the version that was read, since another workload's reference that is added
 * meanwhile needs the one to the namespace.
 */
export function unmarkPatch(
  metadata: ObjectMeta,
  workloadUids: ReadonlySet<string>,
): object | undefined {
  const references = metadata.ownerReferences ?? [];
  const claims = claimsOf(metadata);
  const ours = references.filter(({ uid }) => workloadUids.has(uid ?? ''));
  const stays = references.some((each) => {
    if (workloadUids.has(each.uid ?? '') || !isWorkload(each)) return false;
    return madeByUs(claims, each);
  });
  const namespaces = stays
    ? []
    : references.filter((each) => isNamespace(each, metadata.namespace) && madeByUs(claims, each));
  const gone = [...ours, ...namespaces];
  if (gone.length === 0) return undefined;
  return {
    metadata: {
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      ownerReferences: gone.map(({ uid }) => ({ $patch: 'delete', uid })),
    },
  };
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
}

/** The marks of a source and who wrote them, for finding those that no record names. */
export function carriedMarks(metadata: ObjectMeta): CarriedMarks {
  const claims = claimsOf(metadata);
  const ours = ({ uid }: OwnerReference): boolean => {
    const claim = claims.get(uid ?? '');
    return claim?.ours === true && !claim.others;
  };
  const references = metadata.ownerReferences ?? [];
  return {
    workloads: references.filter(isWorkload).map((each) => ({
      kind: each.kind ?? '',
      name: each.name ?? '',
      uid: each.uid ?? '',
      ours: ours(each),
    })),
    namespaceByUs: references.some((each) => isNamespace(each, metadata.namespace) && ours(each)),
  };
}

interface Claim {
  ours: boolean;
  others: boolean;
}

/** Who wrote which owner reference, by its uid, as far as managedFields say. */
function claimsOf({ managedFields }: ObjectMeta): ReadonlyMap<string, Claim> {
  const claims = new Map<string, Claim>();
  for (const { manager, fieldsV1 } of managedFields ?? []) {
    for (const key of Object.keys(fieldsV1?.['f:metadata']?.['f:ownerReferences'] ?? {})) {
      const uid = /^k:\{"uid":"([^"]+)"\}$/.exec(key)?.[1];
      if (uid === undefined) continue;
      const claim = claims.get(uid) ?? { ours: false, others: false };
      if (manager === fieldManager) claim.ours = true;
      else claim.others = true;
      claims.set(uid, claim);
    }
  }
  return claims;
}

/** Somebody else's claim counts more than ours; where nobody claims it, our record of it counts. */
function madeByUs(claims: ReadonlyMap<string, Claim>, { uid }: OwnerReference): boolean {
  return claims.get(uid ?? '')?.others !== true;
}

function isNamespace(
  { apiVersion, kind, name }: OwnerReference,
  namespace: string | null | undefined,
): boolean {
  return apiVersion === 'v1' && kind === 'Namespace' && name === namespace;
}

function isWorkload({ apiVersion, kind }: OwnerReference): boolean {
  return (
    apiVersion?.startsWith('apps/') === true &&
    (kind === 'Deployment' || kind === 'StatefulSet' || kind === 'DaemonSet')
  );
}
