import { expectedError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { Settings } from '../../lib/settings/schema.ts';

/**
 * For at most this many namespaces, one list of the cluster saves fewer requests than counting the
 * workloads costs.
 */
const fewNamespaces = 3;
/** For each saved request, a list may read this many workloads outside the scope: about 200 kB. */
const worthOfRequest = 20;

/**
 * Whether one list of the whole cluster per kind is better than a list per namespace and kind. One
 * list is better if few workloads are outside the scope. This is checked only if labels select many
 * namespaces. If the settings name the namespaces, the account often has permissions only in these
 * namespaces.
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
    // If the account lacks the permission, lists per namespace are used. They report any other
    // error.
    expectedError(error, signal);
    return false;
  }
}
