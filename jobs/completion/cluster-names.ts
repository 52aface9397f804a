import { createApiClient } from '../../lib/kubernetes/client/api-client.ts';
import { createCluster } from '../../lib/kubernetes/cluster.ts';
import { createInspector } from '../../lib/kubernetes/inspector.ts';
import { settingAt } from '../../lib/settings/all-settings.ts';
import { loadSettings } from '../../lib/settings/load.ts';
import { parseWorkloadArgument } from '../cli/workload-argument.ts';
import { connectBy } from '../wiring.ts';
import type { Candidate, Wanted } from './candidates.ts';
import type { CommandLine } from './words.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The maximum time that a user waits after pressing the Tab key. */
export const patienceMs = 2_000;

/**
 * The names in the cluster that are possible at the cursor, read with the permissions of the user.
 *
 * @param line names the kubeconfig, its context and the namespace
 * @throws any error: it shows nothing to the user
 */
export async function clusterNames(
  wanted: Extract<Wanted, { kind: 'namespaces' | 'workloads' }>,
  { values }: CommandLine,
  environment: Environment,
  signal: AbortSignal,
): Promise<Candidate[]> {
  const flags: Record<string, string> = {};
  const env: Record<string, string | undefined> = {};
  // Only these settings are read, because other settings do not matter here and may be incomplete.
  for (const { path, flag, variable } of ['kubeconfig', 'context'].map(settingAt)) {
    const value = values.get(flag);
    if (value !== undefined) flags[path] = value;
    env[variable] = environment[variable];
  }
  const connection = await connectBy(loadSettings({ flags, env }), environment);
  try {
    const api = createApiClient(connection);
    if (wanted.kind === 'namespaces') {
      const names = await createCluster(api).listNamespaces('', signal);
      return names.map((name) => ({ word: `${wanted.prefix}${name}` }));
    }
    const { writtenKind } = wanted;
    const { kind } = parseWorkloadArgument(`${writtenKind}/any`, []);
    const namespace = values.get('--namespace') ?? connection.namespace ?? 'default';
    const names = await createInspector(api).workloadNames(kind, namespace, signal);
    return names.map((name) => ({ word: `${writtenKind}/${name}` }));
  } finally {
    connection.close();
  }
}
