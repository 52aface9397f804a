import { hostname } from 'node:os';
import type { PassDeps } from '../handler/pass/pass.ts';
import type { LeaseDeps } from '../handler/with-lease.ts';
import { type Exchange, exchange } from '../lib/http/exchange.ts';
import { type ReadLines, readLines } from '../lib/http/line-stream.ts';
import { type ApiClient, createApiClient } from '../lib/kubernetes/client/api-client.ts';
import { createWatchClient, type OpenWatch } from '../lib/kubernetes/client/watch-client.ts';
import { type Cluster, createCluster } from '../lib/kubernetes/cluster.ts';
import { type Connection, connect } from '../lib/kubernetes/credentials/connection.ts';
import type { LeaseName } from '../lib/kubernetes/names.ts';
import { leaseIdentity, type Random } from '../lib/lease/identity.ts';
import { kubernetesLock } from '../lib/lease/kubernetes-lock.ts';
import { givenShard, ownLeaseName, type Shard, sharedIdentity } from '../lib/rules/shards.ts';
import { type Clock, systemClock } from '../lib/schedule/clock.ts';
import type { Settings } from '../lib/settings/schema.ts';

/** What a process gets from its machine. */
export interface Machine {
  readonly clock: Clock;
  readonly random: Random;
  readonly exchange: Exchange;
  readonly readLines: ReadLines;
  readonly hostName: string;
}

export const thisMachine: Machine = {
  clock: systemClock,
  random: Math.random,
  exchange,
  readLines,
  hostName: hostname(),
};

export interface Wiring {
  readonly connection: Connection;
  readonly api: ApiClient;
  readonly openWatch: OpenWatch;
  readonly cluster: Cluster;
  readonly identity: string;
  /**
   * The Lease that excludes other passes. With shards, all shards with the same count share this
   * Lease.
   */
  readonly leaseName: LeaseName;
  /**
   * The Lease that excludes other passes of the same shard. Without shards, this is the same Lease
   * as `leaseName`.
   */
  readonly passLeaseName: LeaseName;
  /** The dependencies for holding the Lease `leaseName` alone, not together with other shards. */
  readonly wholeLease: LeaseDeps;
  /**
   * The environment variables that name the proxy for connections that do not go to the cluster.
   */
  readonly environment: Environment;
  /** The dependencies of a pass, without its observer and its signal. */
  readonly deps: Omit<PassDeps, 'observer' | 'signal' | 'lease'> & { readonly lease: LeaseDeps };
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Connects to the cluster.
 *
 * @param show shows a line on the terminal; undefined if there is no terminal
 * @throws UsageError and UnreachableError: see `connect`
 */
export function connectBy(
  { kubeconfig, context, concurrency }: Settings,
  environment: Environment,
  show?: (line: string) => void,
): Promise<Connection> {
  const maxConnections = connectionsFor(concurrency);
  return connect({ kubeconfig, context, maxConnections, show }, environment);
}

/** The renewals of the Lease need connections in addition to reads and writes. */
const connectionsFor = ({ reads, writes }: Settings['concurrency']): number => reads + writes + 8;

/**
 * Creates the parts and connects them. The manifests set POD_NAME, POD_UID and POD_NAMESPACE from
 * the downward API.
 *
 * @param given a connection to use; default: the result of `connectBy`
 * @param machine default: the clock, the randomness and the network of this process
 * @throws UsageError and UnreachableError: see `connect`
 */
export async function wire(
  settings: Settings,
  environment: Environment,
  given?: Connection,
  machine: Machine = thisMachine,
): Promise<Wiring> {
  const { clock, random } = machine;
  const connection = given ?? (await connectBy(settings, environment));
  const api = createApiClient(connection, {
    ...machine,
    maxConnections: connectionsFor(settings.concurrency),
  });
  const name = {
    podName: environment['POD_NAME'],
    podUid: environment['POD_UID'],
    hostName: machine.hostName,
  };
  const identity = leaseIdentity(name, random);
  const leaseName = {
    namespace:
      settings.lease.namespace ?? environment['POD_NAMESPACE'] ?? connection.namespace ?? 'default',
    name: settings.lease.name,
  };
  const wholeLease = { lock: kubernetesLock(api, leaseName), name, random };
  const passLeaseName = { ...leaseName, name: ownLeaseName(leaseName.name, settings.shard) };
  const shard = givenShard(settings.shard);
  const shardLeases = (of: Shard): Pick<LeaseDeps, 'lock' | 'shared'> => {
    const group = sharedIdentity(of, settings.lease.durationSeconds);
    return {
      lock: kubernetesLock(api, passLeaseName),
      shared: {
        identity: group,
        lock: kubernetesLock(api, leaseName, { identity: group, member: identity }),
      },
    };
  };
  const adapter = createCluster(api);
  return {
    connection,
    api,
    openWatch: createWatchClient(connection, machine),
    cluster: adapter,
    identity,
    leaseName,
    passLeaseName,
    wholeLease,
    environment,
    deps: {
      cluster: adapter,
      traffic: api.traffic,
      clock,
      identity,
      namespace: leaseName.namespace,
      lease: shard === undefined ? wholeLease : { ...wholeLease, ...shardLeases(shard) },
    },
  };
}
