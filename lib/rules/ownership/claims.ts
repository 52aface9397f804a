import { fieldManager } from '../../kubernetes/names.ts';
import type { ManagedFields, ObjectMeta, OwnerReference } from '../../kubernetes/objects.ts';

/**
 * The writer of an owner reference, according to the `managedFields` of its object: `us`: only
 * wave-cron owns the field. `nobody`: the `managedFields` do not name an owner, for example because
 * they were cleared.
 */
export type Writer = 'us' | 'others' | 'nobody';

/** A function that returns the writer of each owner reference of an object. */
export function writersOf(metadata: ObjectMeta): (reference: OwnerReference) => Writer {
  const references = metadata.ownerReferences ?? [];
  if (references.length === 0) return () => 'nobody';
  const claims = claimsOf(metadata.managedFields);
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { uid } of references) (seen.has(uid ?? '') ? twice : seen).add(uid ?? '');
  return (reference) => {
    const uid = reference.uid ?? '';
    // If two references have the same uid, a patch would remove both, and managedFields have one
    // entry for both.
    if (twice.has(uid)) return 'others';
    return claims.get(uid) ?? 'nobody';
  };
}

function claimsOf(managedFields: ObjectMeta['managedFields']): ReadonlyMap<string, Writer> {
  const claims = new Map<string, Writer>();
  for (const { manager, fieldsV1 } of managedFields ?? []) {
    for (const key of Object.keys(fieldsV1?.['f:metadata']?.['f:ownerReferences'] ?? {})) {
      const uid = /^k:\{"uid":"([^"]+)"\}$/.exec(key)?.[1];
      if (uid === undefined) continue;
      const ours = manager === fieldManager && claims.get(uid) !== 'others';
      claims.set(uid, ours ? 'us' : 'others');
    }
  }
  return claims;
}

/** Whether wave-cron wrote an annotation. Another client may have written the same value since. */
export function isOurAnnotation(
  name: string,
  managedFields: readonly ManagedFields[] | null | undefined,
): boolean {
  return (managedFields ?? []).some(
    ({ manager, fieldsV1 }) =>
      manager === fieldManager &&
      fieldsV1?.['f:metadata']?.['f:annotations']?.[`f:${name}`] !== undefined,
  );
}
