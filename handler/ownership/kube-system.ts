import { oncePer } from '../../lib/concurrency/once-per.ts';
import { expectedError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import { lastingOwner } from '../../lib/rules/ownership/owner-references.ts';
import type { ReadContext } from '../context.ts';

export type KubeSystemReading =
  | { readonly state: 'present'; readonly uid: string }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly why: string };

/**
 * Reads the Namespace kube-system at most once per pass, when its uid is needed. The uid never
 * comes from another place: with a wrong uid, the owner does not exist, and the garbage collector
 * deletes the source.
 */
export function kubeSystemReader(context: ReadContext): () => Promise<KubeSystemReading> {
  const read = oncePer((name: string) => readUid(name, context));
  return () => read(lastingOwner);
}

async function readUid(
  name: string,
  { cluster, reads, signal }: ReadContext,
): Promise<KubeSystemReading> {
  try {
    const { uid } = await reads.run(name, () => cluster.getNamespace(name, signal));
    if (!uid) return { state: 'unreadable', why: 'the response has no uid' };
    return { state: 'present', uid };
  } catch (error) {
    const { message } = expectedError(error, signal);
    if (isAbsent(error, name)) return { state: 'absent' };
    return { state: 'unreadable', why: message };
  }
}
