import { accessSync } from 'node:fs';
import type { Agent } from 'node:http';
import { delimiter, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { UnreachableError, WaveCronError } from '../../errors.ts';
import { http, https } from '../../http/node-http.ts';
import { firstLine } from '../../text/first-line.ts';
import type {
  AccessEnvironment,
  ClusterAccess,
  Credentials,
  TlsOptions,
} from './cluster-access.ts';
import { podAccess } from './in-cluster.ts';

/** Where the cluster is and who we are there. */
export interface Connection {
  /** Base address, with no slash at its end. */
  readonly server: string;
  /** For messages: which file and context, or that we run in the cluster. */
  readonly origin: string;
  /** Whether it is that of the Pod that we run in. */
  readonly ofPod?: true | undefined;
  /** For messages: the proxy on the way there, without its password; undefined where there is none. */
  readonly proxy?: string | undefined;
  /** Namespace of the Pod or of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /** Headers and connection pool for the next request. Cheap: read anew every few seconds only. */
  authorize(): Promise<Authorization>;
  /**
   * Reads kubeconfig, token and certificate files again, and runs exec credentials again, unless
   * that was done since `refused` was handed out: a thousand requests that are refused at once
   * ask for new credentials once.
   */
  reload(refused: Authorization): void;
  /** A sentence on why the credentials may be refused, where that can be seen from here. */
  credentialHint(): string | undefined;
  /**
   * Requests, and so connections, at the same time. The agents' own `maxSockets` would not do: those that
   * go through a proxy heed it only once a connection is made, and waiting there counts as time of a request.
   */
  readonly maxConnections: number;
  /** Whether it is made sure that the server is the one that is meant. */
  readonly isVerified: boolean;
  /** Closes the idle connections, and the others once they are; none is used again. */
  close(): void;
}

export interface Authorization {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly agent: Agent;
}

export interface ConnectionSettings {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** As in Connection. Default 64. */
  readonly maxConnections?: number;
  /** Shows a line of a login program to whoever sits at the terminal; undefined: nobody does. */
  readonly show?: ((line: string) => void) | undefined;
}

/**
 * How long headers and TLS options are taken as they are. Tokens on disk rotate minutes before
 * they expire, so ten seconds lose nothing; and reading files for each of a thousand requests
 * would cost more than the requests.
 */
const authorizationLifetimeMs = 10_000;
const defaultConnections = 64;
/** Short, so that a connection that something on the way has forgotten is rarely used again. */
const idleConnectionMs = 4_000;

/**
 * Finds the cluster: the given kubeconfig, else KUBECONFIG, else the service account of the Pod
 * that we run in, else `~/.kube/config`.
 *
 * @throws UsageError where a named file or context is wrong
 * @throws UnreachableError where nothing says which cluster is meant
 */
export async function connect(
  settings: ConnectionSettings,
  environment: AccessEnvironment,
): Promise<Connection> {
  let access = await findAccess(settings, environment);
  let outdated = false;
  let pool: { readonly tls: TlsOptions; readonly agent: Agent } | undefined;
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
      pool = { tls, agent: await agentOf(server, credentials) };
      if (before !== undefined) retire(before.agent);
    }
    latest = { headers, agent: pool.agent };
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
        // Until it is there everybody waits for the same one: a program may take long.
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
      if (pool !== undefined) retire(pool.agent);
    },
  };
}

async function agentOf(server: string, { tls, detour }: Credentials): Promise<Agent> {
  if (detour !== undefined) return await detour(tls);
  const options = { keepAlive: true, timeout: idleConnectionMs };
  return server.startsWith('http:')
    ? new http.Agent(options)
    : new https.Agent({ ...options, ...tls });
}

/** Requests under way finish on the pool that they began on; then its connections are closed. */
function retire(agent: Agent): void {
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
    // Only who comes with a kubeconfig needs it, and a Pod's start should not wait for it.
    const { kubeconfigAccess } = await import('./kubeconfig.ts');
    return kubeconfigAccess(names, context, env, show);
  };
  if (kubeconfig !== undefined) return await files([kubeconfig]);
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) {
    // As kubectl does: of several files those that are missing are passed over.
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
