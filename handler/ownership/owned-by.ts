import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import { isSourceKind } from '../../lib/kubernetes/kinds.ts';
import { recordName, sourceNamed } from '../../lib/kubernetes/names.ts';
import { isOwner, ownersOf } from '../../lib/rules/ownership/owner-references.ts';
import type { Readings } from '../../lib/rules/reading.ts';
import { type Reference, sourceKey } from '../../lib/rules/references.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { ReadContext } from '../context.ts';

/** Reads something; on failure, notes the error and returns undefined. */
export type Attempt = <T>(what: string, read: () => Promise<T>) => Promise<T | undefined>;

/**
 * The sources with an owner reference to a workload. Only sources that its template or its record
 * names are checked.
 */
export async function ownedBy(
  { uid, namespace }: Workload,
  found: { readonly references: readonly Reference[]; readonly readings: Readings },
  recorded: ReadonlySet<string>,
  attempt: Attempt,
  { cluster, reads, signal }: ReadContext,
): Promise<string[]> {
  const owned = new Set<string>();
  const known = new Set<string>();
  for (const reference of found.references) {
    if (reference.namespace !== namespace || !isSourceKind(reference.kind)) continue;
    const label = recordName({ ...reference, namespace: '' });
    known.add(label);
    const reading = found.readings.get(sourceKey(reference));
    if (reading?.state === 'present' && isOwner(reading.owners, uid)) owned.add(label);
  }
  await Promise.all(
    [...recorded.difference(known)].map(async (label) => {
      const source = sourceNamed(label, namespace);
      const metadata = await attempt(`the owner references of ${label}`, async () => {
        try {
          return await reads.run(namespace, () => cluster.getSourceMetadata(source, signal));
        } catch (error) {
          if (isAbsent(error, source.name)) return {};
          throw error;
        }
      });
      if (metadata !== undefined && isOwner(ownersOf(metadata), uid)) owned.add(label);
    }),
  );
  return [...owned].sort();
}
