import { type OncePer, oncePer } from '../../lib/concurrency/once-per.ts';
import { expectedError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import type { ReadContext } from '../context.ts';

export type NamespaceReading =
  | { readonly state: 'active'; readonly uid: string }
  /** Whether the namespace is being deleted, or already deleted. */
  | { readonly state: 'terminating' }
  | { readonly state: 'unreadable'; readonly why: string };

/** Reads each namespace once. */
export function namespaceReader(context: ReadContext): OncePer<string, NamespaceReading> {
  return oncePer((name) => readNamespace(name, context));
}

async function readNamespace(
  name: string,
  { cluster, reads, signal }: ReadContext,
): Promise<NamespaceReading> {
  try {
    const read = () => cluster.getNamespace(name, signal);
    const { uid, deletionTimestamp } = await reads.run(name, read);
    if (deletionTimestamp != null) return { state: 'terminating' };
    return { state: 'active', uid: uid ?? '' };
  } catch (error) {
    const { message } = expectedError(error, signal);
    if (isAbsent(error, name)) return { state: 'terminating' };
    return { state: 'unreadable', why: message };
  }
}
