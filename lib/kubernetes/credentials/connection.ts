import { accessSync } from 'node:fs';
import type { Agent } from 'node:http';
import { delimiter, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { UnreachableError, WaveCronError } from '../../errors.ts';
import { Http2Client } from '../../http/http2-client.ts';
import { http, https } from '../../http/node-http.ts';
import { firstLine } from '../../text/first-line.ts';
import type {
  AccessEnvironment,
  ClusterAccess,
  Credentials,
  TlsOptions,
} from './cluster-access.ts';
import { podAccess } from './in-cluster.ts';

/** A connection to a cluster, with its credentials. */
export interface Connection {
  /** Base address without a trailing slash. */
  readonly server: string;
  /**
   * The origin of the connection, for messages: the files and the context, or the service account
   * of the Pod.
   */
  readonly origin: string;
  /** Present if the access comes from the Pod of this process. */
  readonly ofPod?: true | undefined;
  /**
   * The proxy to the cluster for messages, without its password; undefined if there is no proxy.
   */
  readonly proxy?: string | undefined;
  /** Namespace of the Pod or of the context of the kubeconfig. */
  readonly namespace: string | undefined;
  /**
   * Headers and connection pool for the next request. It is cheap: files are read again only every
   * few seconds.
   */
  authorize(): Promise<Authorization>;
  /**
   * Reads the kubeconfig, token and certificate files again, and runs exec programs again. It does
   * nothing if the credentials were already reloaded after `refused` was returned. So if a thousand
   * requests fail at the same time, the credentials are reloaded once.
   */
  reload(refused: Authorization): void;
  /** A sentence that may explain denied credentials; undefined if none is known. */
  credentialHint(): string | undefined;
  /**
   * The maximum number of concurrent requests. With HTTP/1.1, it is also the maximum number of
   * connections. `maxSockets` of the agents is not enough: agents with a proxy apply `maxSockets`
   * only after they have connected, and the wait for a socket counts as time of the request.
   */
  readonly maxConnections: number;
  /** Whether the certificate of the server is verified. */
  readonly isVerified: boolean;
  /**
   * Closes idle connections at once, and each other connection when it becomes idle. Call this
   * function only when no further request follows.
   */
  close(): void;
}

export interface Authorization {
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Connections with HTTP/1.1. */
  readonly agent: Agent;
  /** Undefined if only HTTP/1.1 is possible: without TLS, or through a proxy. */
  readonly http2?: Http2Client | undefined;
}

export interface ConnectionSettings {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** The maximum number of connections, as in Connection. Default: 64. */
  readonly maxConnections?: number;
  /** Shows a line of a login program on the terminal; undefined if there is no terminal. */
  readonly show?: ((line: string) => void) | undefined;
}

/**
 * How long headers and TLS options are cached. Tokens in files are rotated minutes before they
 * expire, so ten seconds are safe. If the files were read for each of a thousand requests, reading
 * would take longer than the requests.
 */
const authorizationLifetimeMs = 10_000;
const defaultConnections = 64;
/**
 * The lifetime of an idle connection. It is short, so that a connection is rarely reused after a
 * middlebox has dropped it.
 */
const idleConnectionMs = 4_000;
/**
 * Longer than the time between two renewals of a kept Lease, so that renewals and passes by
 * triggers need no TLS handshake. Middleboxes drop connections only after a minute or more.
 */
const idleHttp2Ms = 30_000;

/**
 * Finds the cluster: the given kubeconfig, else KUBECONFIG, else the service account of the Pod,
 * else `~/.kube/config`.
 *
 * @throws UsageError if a given file or context is invalid
 * @throws UnreachableError if no cluster is configured
 */
export async function connect(
  settings: ConnectionSettings,
  environment: AccessEnvironment,
): Promise<Connection> {
  let access = await findAccess(settings, environment);
  let outdated = false;
  let pool: (Connections & { readonly tls: TlsOptions }) | undefined;
  let current: { readonly promise: Promise<Authorization>; until: number } | undefined;
  let latest: Authorization | undefined;
  const { server, namespace } = access;

  async function renew(): Promise<Authorization> {
    let credentials: Credentials;
    try {
      if (outdated) access = await findAccess(settings, environment);
      outdated = false;
      credentials = await access.credentials();
    } catch (error) {
      if (error instanceof WaveCronError) throw error;
      throw new UnreachableError(
        `${access.origin}: the credentials cannot be obtained: ${firstLine(error)}`,
        { canRetry: true },
      );
    }
    const { headers, tls } = credentials;
    if (pool === undefined || !isDeepStrictEqual(pool.tls, tls)) {
      const before = pool;
      pool = { tls, ...(await connectionsOf(server, credentials)) };
      if (before !== undefined) retire(before);
    }
    latest = { headers, agent: pool.agent, http2: pool.http2 };
    return latest;
  }

  return {
    server,
    namespace,
    get origin() {
      return access.origin;
    },
    get ofPod() {
      return access.ofPod;
    },
    get proxy() {
      return access.proxy;
    },
    authorize() {
      const now = performance.now();
      if (current === undefined || now >= current.until) {
        // All callers wait for the same promise, because a program may take long.
        const made = { promise: renew(), until: Number.POSITIVE_INFINITY };
        current = made;
        made.promise.then(
          () => {
            made.until = performance.now() + authorizationLifetimeMs;
          },
          () => {
            if (current === made) current = undefined;
          },
        );
      }
      return current.promise;
    },
    reload(refused) {
      if (refused !== latest) return;
      latest = undefined;
      outdated = true;
      current = undefined;
    },
    credentialHint: () => access.hint(),
    maxConnections: settings.maxConnections ?? defaultConnections,
    get isVerified() {
      return access.isVerified;
    },
    close() {
      if (pool !== undefined) retire(pool);
    },
  };
}

type Connections = Pick<Authorization, 'agent' | 'http2'>;

async function connectionsOf(server: string, { tls, detour }: Credentials): Promise<Connections> {
  if (detour !== undefined) return { agent: await detour(tls) };
  const options = { keepAlive: true, timeout: idleConnectionMs };
  if (server.startsWith('http:')) return { agent: new http.Agent(options) };
  const { hostname, port } = new URL(server);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const address = { host, port: port === '' ? 443 : Number(port) };
  return {
    agent: new https.Agent({ ...options, ...tls }),
    http2: new Http2Client({ ...address, tls, idleMs: idleHttp2Ms }),
  };
}

/** Requests in progress finish, and then the connections are closed. */
function retire({ agent, http2 }: Connections): void {
  http2?.retire();
  Object.assign(agent, { keepAlive: false });
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}

async function findAccess(
  { kubeconfig, context, show }: ConnectionSettings,
  env: AccessEnvironment,
): Promise<ClusterAccess> {
  const files = async (names: readonly string[]): Promise<ClusterAccess> => {
    // Imported here, because a Pod, which has no kubeconfig, must not wait for this import.
    const { kubeconfigAccess } = await import('./kubeconfig.ts');
    return kubeconfigAccess(names, context, env, show);
  };
  if (kubeconfig !== undefined) return await files([kubeconfig]);
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) {
    // Like kubectl: missing files of a list are skipped.
    const present = listed.filter(exists);
    return await files(present.length > 0 ? present : listed);
  }
  const pod = context === undefined ? podAccess(env) : undefined;
  if (pod !== undefined) return pod;
  const home = env['HOME'] === undefined ? undefined : join(env['HOME'], '.kube', 'config');
  if (home !== undefined && exists(home)) return await files([home]);
  throw new UnreachableError(
    'no cluster is configured: set a kubeconfig with --kubeconfig or KUBECONFIG, or run in a Pod',
  );
}

function exists(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}
