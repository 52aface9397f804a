import type { Connection } from '../../lib/kubernetes/credentials/connection.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import { parseNamespaceOption, parseWorkloadArgument } from './workload-argument.ts';

/**
 * The workload that arguments name: `KIND/NAME`, and `-n`, else the namespace of the kubeconfig's
 * context, else `default`.
 *
 * @throws UsageError
 */
export function askedWorkload(
  workload: string,
  namespace: string | undefined,
  connection: Connection,
): WorkloadName {
  const { kind, name } = parseWorkloadArgument(workload);
  const named = namespace === undefined ? undefined : parseNamespaceOption(namespace);
  return { kind, namespace: named ?? connection.namespace ?? 'default', name };
}
