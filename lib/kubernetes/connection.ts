import { X509Certificate } from 'node:crypto';
import { accessSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type DispatcherOptions,
  HttpMethod,
  KubeConfig,
  RequestContext,
} from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';
import { parse } from 'yaml';
import { UnreachableError, UsageError } from '../errors.ts';
import {
  askProgram,
  type ExecCredential,
  type ExecProgram,
  readExecProgram,
} from './exec-credential.ts';

/** Where the cluster is and who we are there. */
export interface Connection {
  /** Base address, with no slash at its end. */
  readonly server: string;
  /** For messages: which file and context, or that we run in the cluster. */
  readonly origin: string;
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
  /** Closes the idle connections, so that the process can end. */
  close(): Promise<void>;
}

export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

export interface ConnectionSettings {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

/** Environment variables that say where the cluster is. */
export type ConnectionEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * How long headers and TLS options are taken as they are. Tokens on disk rotate minutes before
 * they expire, so ten seconds lose nothing; and reading files for each of a thousand requests
 * would cost more than the requests.
 */
const authorizationLifetimeMs = 10_000;

/**
 * Finds the cluster: the given kubeconfig, else KUBECONFIG, else the service account of the Pod
 * that we run in, else `~/.kube/config`.
 *
 * @throws UsageError where a named file or context is wrong
 * @throws UnreachableError where nothing says which cluster is meant
 */
export function connect(
  settings: ConnectionSettings,
  environment: ConnectionEnvironment,
): Connection {
  let { config, origin } = load(settings, environment);
  const own = new Agent();
  let dispatcher: Dispatcher | undefined;
  let current: { readonly promise: Promise<Authorization>; until: number } | undefined;
  let latest: Authorization | undefined;

  const server = serverOf(config, origin);
  const context = config.getContextObject(config.getCurrentContext());

  async function renew(): Promise<Authorization> {
    const request = new RequestContext(server, HttpMethod.GET);
    try {
      await config.applySecurityAuthentication(request);
    } catch (error) {
      throw new UnreachableError(
        `${origin}: the credentials cannot be obtained: ${firstLine(error)}`,
        { canRetry: true },
      );
    }
    const made = request.getDispatcher();
    if (made !== undefined) {
      // Requests under way finish on the pool that they began on.
      dispatcher?.close().catch(() => {});
      dispatcher = made;
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.getHeaders())) headers[name] = value.trim();
    latest = { headers, dispatcher: dispatcher ?? own };
    return latest;
  }

  return {
    server,
    origin,
    namespace:
      context?.namespace === undefined || context.namespace === '' ? undefined : context.namespace,
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
      ({ config, origin } = load(settings, environment));
      current = undefined;
    },
    credentialHint() {
      return expiryHint(config);
    },
    async close() {
      await Promise.all([own.close(), dispatcher?.close()]);
    },
  };
}

/**
 * A KubeConfig that makes a connection pool only when its TLS options differ from those of the
 * last one. As it comes, it makes one for every request, and no connection is ever used twice.
 * It runs the programs of `exec` by itself; see askProgram for why.
 */
class PoolingKubeConfig extends KubeConfig {
  #last: DispatcherOptions | undefined;

  constructor(environment: ConnectionEnvironment) {
    super();
    let credential: ExecCredential | undefined;
    this.addAuthenticator({
      isAuthProvider: ({ authProvider }) => authProvider?.name === execProgram,
      async applyAuthentication({ authProvider }, options) {
        if (credential === undefined || (credential.expires ?? Infinity) <= Date.now()) {
          const { program }: { readonly program: ExecProgram } = authProvider.config;
          credential = await askProgram(program, environment);
        }
        const { token, certificate, key } = credential;
        if (token !== undefined) options.headers = { Authorization: `Bearer ${token}` };
        if (certificate !== undefined) options.cert = certificate;
        if (key !== undefined) options.key = key;
      },
    });
  }

  override createDispatcherOptions(
    ...args: Parameters<KubeConfig['createDispatcherOptions']>
  ): DispatcherOptions {
    const options = super.createDispatcherOptions(...args);
    if (isDeepStrictEqual(options, this.#last)) return { type: 'none' };
    this.#last = options;
    return options;
  }
}

/** How a user with a program is marked, so that our authenticator takes it. */
const execProgram = 'exec-program';

const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

interface Loaded {
  readonly config: KubeConfig;
  readonly origin: string;
}

function load({ kubeconfig, context }: ConnectionSettings, env: ConnectionEnvironment): Loaded {
  const home = env['HOME'] === undefined ? undefined : join(env['HOME'], '.kube', 'config');
  if (kubeconfig !== undefined) return loadFiles([kubeconfig], context, env);
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) {
    // As kubectl does: of several files those that are missing are passed over.
    const present = listed.filter(exists);
    return loadFiles(present.length > 0 ? present : listed, context, env);
  }
  if (context === undefined && env['KUBERNETES_SERVICE_HOST'] && exists(serviceAccountToken)) {
    const config = new PoolingKubeConfig(env);
    config.loadFromCluster();
    return { config, origin: 'the service account of this Pod' };
  }
  if (home !== undefined && exists(home)) return loadFiles([home], context, env);
  throw new UnreachableError(
    'no cluster is configured: name a kubeconfig with --kubeconfig or KUBECONFIG, or run in a Pod',
  );
}

function loadFiles(
  files: readonly string[],
  context: string | undefined,
  env: ConnectionEnvironment,
): Loaded {
  const config = new PoolingKubeConfig(env);
  for (const file of files) merge(config, readKubeconfig(file));
  const origin = `kubeconfig ${files.join(delimiter)}`;
  if (context !== undefined) config.setCurrentContext(context);
  const name = config.getCurrentContext();
  const known = config.getContexts().map((c) => c.name);
  if (name === undefined || name === '') {
    throw new UsageError(
      `${origin}: no current context; choose one with --context (${oneOf(known)})`,
    );
  }
  if (config.getContextObject(name) === null) {
    throw new UsageError(`${origin}: no context ${JSON.stringify(name)} (${oneOf(known)})`);
  }
  if (config.getCurrentCluster() === null) {
    throw new UsageError(
      `${origin}: context ${JSON.stringify(name)} names a cluster that is not there`,
    );
  }
  if (config.getCurrentUser() === null) {
    throw new UsageError(
      `${origin}: context ${JSON.stringify(name)} names a user that is not there`,
    );
  }
  return { config, origin };
}

/** As kubectl merges files: of two entries of one name, and of two current contexts, the first counts. */
function merge(into: KubeConfig, from: KubeConfig): void {
  const fresh = <T extends { readonly name: string }>(
    have: readonly T[],
    add: readonly T[],
  ): T[] => [...have, ...add.filter(({ name }) => !have.some((entry) => entry.name === name))];
  into.clusters = fresh(into.clusters, from.clusters);
  into.contexts = fresh(into.contexts, from.contexts);
  into.users = fresh(into.users, from.users);
  if (!into.currentContext) into.currentContext = from.currentContext;
}

function readKubeconfig(file: string): KubeConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`kubeconfig ${file}: cannot be read: ${firstLine(error)}`);
  }
  const config = new KubeConfig();
  try {
    const parsed: unknown = parse(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      throw new Error('it is not a kubeconfig: the top is not a mapping');
    }
    config.loadFromString(text);
    useTokenFiles(config, parsed, dirname(resolve(file)));
    useExecPrograms(config, dirname(resolve(file)));
  } catch (error) {
    throw new UsageError(`kubeconfig ${file}: ${firstLine(error)}`);
  }
  config.makePathsAbsolute(dirname(resolve(file)));
  return config;
}

/**
 * The client library does not know a user's `tokenFile`. Given as the token file of a service
 * account it is read again as it rotates. A relative path is relative to the kubeconfig.
 */
function useTokenFiles(config: KubeConfig, parsed: object, folder: string): void {
  const users = 'users' in parsed && Array.isArray(parsed.users) ? parsed.users : [];
  const files = new Map<string, string>();
  for (const entry of users) {
    if (typeof entry?.user?.tokenFile === 'string')
      files.set(entry.name, resolve(folder, entry.user.tokenFile));
  }
  config.users = config.users.map((user) => {
    const tokenFile = files.get(user.name);
    if (tokenFile === undefined) return user;
    const { token: _, ...rest } = user;
    return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile } } };
  });
}

/** Hands the users with `exec` over to our own authenticator. */
function useExecPrograms(config: KubeConfig, folder: string): void {
  config.users = config.users.map(({ exec, ...user }) => {
    if (typeof exec !== 'object' || exec === null) return user;
    const program = readExecProgram(exec, folder);
    return { ...user, authProvider: { name: execProgram, config: { program } } };
  });
}

function serverOf(config: KubeConfig, origin: string): string {
  const { server, skipTLSVerify } = config.getCurrentCluster() ?? { server: '' };
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw new UsageError(
      `${origin}: the cluster's server is ${JSON.stringify(server)}, which is no http or https address`,
    );
  }
  if (server.startsWith('http:') && skipTLSVerify !== true) {
    throw new UsageError(
      `${origin}: ${server} is not encrypted; use https, or say insecure-skip-tls-verify: true where that is meant`,
    );
  }
  return server.replace(/\/+$/, '');
}

/** An expired client certificate is refused with a bare 401, which tells nobody what to do. */
function expiryHint(config: KubeConfig): string | undefined {
  const user = config.getCurrentUser();
  const pem = user?.certFile
    ? tryRead(user.certFile)
    : user?.certData
      ? Buffer.from(user.certData, 'base64')
      : undefined;
  if (pem === undefined) return undefined;
  try {
    const { validToDate } = new X509Certificate(pem);
    if (validToDate.getTime() > Date.now()) return undefined;
    return `the client certificate expired on ${validToDate.toISOString()}`;
  } catch {
    return 'the client certificate cannot be read';
  }
}

function tryRead(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function exists(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}

function oneOf(names: readonly string[]): string {
  return names.length === 0 ? 'it has none' : `it has ${names.slice(0, 10).join(', ')}`;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n', 1)[0] ?? '';
}
