import { expectedError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { Settings } from '../../lib/settings/schema.ts';

/**
 * Up to this many additional lists, counting the workloads would cost more requests than it saves.
 */
const fewNamespaces = 3;
/** To save one request, this many workloads outside the scope may be read: about 200 kB. */
const worthOfRequest = 20;

/**
 * Whether one list of the whole cluster per kind is better than a list per namespace and kind. It
 * is if few workloads are outside the scope. Checked only if labels select many namespaces: an
 * installation with listed namespaces often has permissions only there.
 */
export async function areBestReadTogether(
  cluster: Cluster,
  { namespaceSelector, kinds }: Settings,
  namespaces: readonly (string | undefined)[],
  signal: AbortSignal,
): Promise<boolean> {
  const [kind] = kinds;
  if (namespaceSelector === '' || kind === undefined) return false;
  if (namespaces.length <= fewNamespaces) return false;
  try {
    const workloads = await cluster.countWorkloads(kind, signal);
    return workloads !== undefined && workloads <= worthOfRequest * namespaces.length;
  } catch (error) {
    // The account may lack the permission. The lists report any other error.
    expectedError(error, signal);
    return false;
  }
}
