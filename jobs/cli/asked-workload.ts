import type { Connection } from '../../lib/kubernetes/credentials/connection.ts';
import type { WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import { parseNamespaceOption, parseWorkloadArgument } from './workload-argument.ts';

/**
 * The workload in the arguments: `KIND/NAME` and `-n`. Without `-n`, its namespace is that of the
 * kubeconfig's context, or `default`.
 *
 * @throws UsageError
 */
export function askedWorkload(
  workload: string,
  namespace: string | undefined,
  connection: Connection,
  kinds: readonly WorkloadKind[],
): WorkloadName {
  const { kind, name } = parseWorkloadArgument(workload, kinds);
  const named = namespace === undefined ? undefined : parseNamespaceOption(namespace);
  return { kind, namespace: named ?? connection.namespace ?? 'default', name };
}
