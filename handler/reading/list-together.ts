import { expectedError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { Settings } from '../../lib/settings/schema.ts';

/** With this many additional lists, a comparison would cost more requests than it saves. */
const fewNamespaces = 3;
/** A saved request is worth reading this many workloads that are not in scope: 200 kB. */
const worthOfRequest = 20;

/**
 * Whether one list of the whole cluster per kind is better than a list per namespace and kind: if
 * there are few other workloads in the cluster. Checked only if labels select many namespaces,
 * because an installation with listed namespaces often has permissions only there.
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
    // It may not be allowed; what else is the matter is told by the lists.
    expectedError(error, signal);
    return false;
  }
}
