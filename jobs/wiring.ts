import { hostname } from 'node:os';
import type { PassMeans } from '../handler/pass.ts';
import { systemClock } from '../lib/clock.ts';
import { type ApiClient, apiClient } from '../lib/kubernetes/api-client.ts';
import { type Cluster, cluster } from '../lib/kubernetes/cluster.ts';
import { type Connection, connect } from '../lib/kubernetes/connection.ts';
import { leaseIdentity } from '../lib/lease/identity.ts';
import type { Settings } from '../lib/settings/schema.ts';

export interface Wiring {
  readonly connection: Connection;
  readonly api: ApiClient;
  readonly cluster: Cluster;
  readonly identity: string;
  /** What a pass needs, but for whoever watches it and stops it. */
  readonly means: Omit<PassMeans, 'observer' | 'signal'>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Puts the parts together. POD_NAME and POD_UID are set by the manifests from the downward API.
 *
 * @throws UsageError, UnreachableError as `connect`
 */
export function wire(settings: Settings, environment: Environment): Wiring {
  const connection = connect(
    { kubeconfig: settings.kubeconfig, context: settings.context },
    environment,
  );
  const api = apiClient(connection);
  const identity = leaseIdentity(
    {
      podName: environment['POD_NAME'],
      podUid: environment['POD_UID'],
      hostName: hostname(),
    },
    Math.random,
  );
  const adapter = cluster(api);
  return {
    connection,
    api,
    cluster: adapter,
    identity,
    means: { cluster: adapter, traffic: api.traffic, clock: systemClock, identity },
  };
}
