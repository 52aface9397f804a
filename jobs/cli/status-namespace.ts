import type { Connection } from '../../lib/kubernetes/credentials/connection.ts';
import type { LoadedSettings } from '../../lib/settings/load.ts';
import { parseNamespaceOption } from './workload-argument.ts';

interface NamespaceOptions {
  readonly namespace?: string;
  readonly allNamespaces?: true;
}

interface Context extends Pick<LoadedSettings, 'origins'> {
  readonly wiring: { readonly connection: Pick<Connection, 'namespace'> };
}

/** Settings that choose namespaces. */
const choosing = ['namespaces', 'namespaceSelector'];

/**
 * The namespace to show: the namespace in `-n`, otherwise the namespace of the kubeconfig's
 * context, as with kubectl. Undefined: all namespaces of the settings. This is the case with `-A`,
 * and if a flag or variable of the caller chooses namespaces.
 *
 * @throws UsageError
 */
export function statusNamespace(
  { namespace, allNamespaces }: NamespaceOptions,
  { origins, wiring }: Context,
): string | undefined {
  if (namespace !== undefined) return parseNamespaceOption(namespace);
  if (allNamespaces === true) return undefined;
  const isChosen = choosing.some((path) => {
    const kind = origins.get(path)?.kind;
    return kind === 'flag' || kind === 'variable';
  });
  return isChosen ? undefined : (wiring.connection.namespace ?? 'default');
}
