import { expectedError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { Settings } from '../../lib/settings/schema.ts';

/** As many lists more are fewer requests than it takes to find out which way is better. */
const fewNamespaces = 3;
/** A request that is saved is worth reading so many workloads that are not looked at: 200 kB. */
const worthOfRequest = 20;

/**
 * Whether the workloads of these namespaces are best read by one list of the whole cluster for each kind,
 * of which the rest is dropped, rather than by a list for each namespace and kind: where there is little
 * else in the cluster. Asked only where labels select many namespaces, since whoever names namespaces
 * often has permissions there alone.
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
