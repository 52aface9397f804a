import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { delimiter, dirname, resolve } from 'node:path';
import {
  type Cluster,
  type DispatcherOptions,
  HttpMethod,
  KubeConfig,
  RequestContext,
  type User,
} from '@kubernetes/client-node';
import { parse } from 'yaml';
import { UsageError } from '../../errors.ts';
import { firstLine } from '../../text/first-line.ts';
import { shownUrl } from '../../text/shown-url.ts';
import { expiryHint } from './certificate-expiry.ts';
import type {
  AccessEnvironment,
  ClusterAccess,
  Credentials,
  TlsOptions,
} from './cluster-access.ts';
import { environmentProxy } from './environment-proxy.ts';
import { type ExecCluster, execCluster, type KubeconfigCluster } from './exec-cluster.ts';
import {
  askProgram,
  type ExecCredential,
  type ExecProgram,
  readExecProgram,
} from './exec-credential.ts';
import { type Impersonation, impersonationHeaders, lacksName } from './impersonation.ts';
import { checkedServer } from './kubeconfig-address.ts';
import { wrongForm } from './kubeconfig-shape.ts';
import { readKubeconfigText } from './kubeconfig-text.ts';

/** Fields of a user that the client library does not know. */
interface KubeconfigUser {
  readonly name?: string | null;
  readonly user?: (Impersonation & { readonly tokenFile?: string | null }) | null;
}

/** A user of the client library, with fields that the library does not know. */
type ReadUser = User & { readonly impersonation?: Impersonation };
type ReadCluster = Cluster & { readonly unknown?: KubeconfigCluster };

/**
 * The access from kubeconfig files, merged as in kubectl.
 *
 * @param context undefined: the current one
 * @param show shows a line of a login program on the terminal; undefined if there is no terminal
 * @throws UsageError of one line if a file, the context or the proxy of the environment is invalid
 */
export function kubeconfigAccess(
  files: readonly string[],
  context: string | undefined,
  environment: AccessEnvironment,
  show?: (line: string) => void,
): ClusterAccess {
  const config = new ReadingKubeConfig(environment, show);
  for (const file of files) merge(config, readKubeconfig(file));
  const origin = `kubeconfig ${files.join(delimiter)}`;
  choose(config, context, origin);
  const server = checkedServer(config.getCurrentCluster() ?? { server: '' }, origin);
  const proxy = config.getCurrentCluster()?.proxyUrl || environmentProxy(server, environment);
  const { namespace } = config.getContextObject(config.getCurrentContext()) ?? {};
  return {
    server,
    origin,
    namespace: namespace === undefined || namespace === '' ? undefined : namespace,
    isVerified: config.getCurrentCluster()?.skipTLSVerify !== true,
    ...(proxy === undefined ? {} : { proxy: shownUrl(proxy) }),
    credentials: () => credentialsOf(config, server, proxy),
    hint: () => expiryHint(config.getCurrentUser() ?? {}),
  };
}

async function credentialsOf(
  config: ReadingKubeConfig,
  server: string,
  proxy: string | undefined,
): Promise<Credentials> {
  const request = new RequestContext(server, HttpMethod.GET);
  await config.applySecurityAuthentication(request);
  const { impersonation }: Partial<ReadUser> = config.getCurrentUser() ?? {};
  const headers: Record<string, string | string[]> = impersonationHeaders(impersonation ?? {});
  for (const [name, value] of Object.entries(request.getHeaders())) headers[name] = value.trim();
  const cluster = config.getCurrentCluster();
  // Always set, because otherwise NODE_TLS_REJECT_UNAUTHORIZED would decide whether the certificate
  // is verified.
  const tls = { ...config.tls, rejectUnauthorized: cluster?.skipTLSVerify !== true };
  if (proxy === undefined || cluster === null) return { headers, tls };
  // As with kubectl, a SOCKS 5 proxy resolves the host name, because this process may not be able
  // to resolve it.
  const proxyUrl = new URL(proxy).href.replace(/^socks5:/, 'socks5h:');
  return { headers, tls, detour: (options) => proxyAgent({ ...cluster, proxyUrl }, options) };
}

/** A connection pool through the proxy of the cluster. */
async function proxyAgent(cluster: Cluster, tls: TlsOptions): Promise<Agent> {
  // Each connection needs its own configuration object, because such an object keeps its first
  // agent even if the certificates change.
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, {
    name: 'user',
    ...(tls.cert === undefined ? {} : { certData: base64(tls.cert) }),
    ...(tls.key === undefined ? {} : { keyData: base64(tls.key) }),
  });
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { agent } = options;
  if (typeof agent !== 'object') throw new Error('the client library made no agent for the proxy');
  // The certificate of an HTTPS proxy is always verified, even if the certificate of the server is
  // not.
  if ('proxyRequestOptions' in agent) agent.proxyRequestOptions = { rejectUnauthorized: true };
  // Otherwise, the agents of the library would make a TLS handshake for each request.
  return Object.assign(agent, { keepAlive: true });
}

const base64 = (pem: unknown): string => Buffer.from(String(pem)).toString('base64');

/**
 * Returns connection options instead of creating a connection. It runs `exec` programs itself, not
 * with the client library: see askProgram for the reason.
 */
class ReadingKubeConfig extends KubeConfig {
  tls: TlsOptions = {};

  constructor(environment: AccessEnvironment, show?: (line: string) => void) {
    super();
    const cluster = (): ExecCluster => {
      const current: ReadCluster | null = this.getCurrentCluster();
      return execCluster(current ?? { server: '' }, current?.unknown ?? {});
    };
    let credential: ExecCredential | undefined;
    this.addAuthenticator({
      isAuthProvider: ({ authProvider }) => authProvider?.name === execProgram,
      async applyAuthentication({ authProvider }, options) {
        if (credential === undefined || (credential.expires ?? Infinity) <= Date.now()) {
          const { program }: { readonly program: ExecProgram } = authProvider.config;
          credential = await askProgram(program, environment, { cluster, show });
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
    if (options.type === 'agent') this.tls = (options.connect ?? {}) as TlsOptions;
    if (options.type === 'proxy' || options.type === 'socks')
      this.tls = options.requestTls as TlsOptions;
    return { type: 'none' };
  }
}

/** The name of our own authenticator for users with an `exec` program. */
const execProgram = 'exec-program';

/** Selects the context and checks that the cluster and the user of the context exist. */
function choose(config: KubeConfig, context: string | undefined, origin: string): void {
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
      `${origin}: context ${JSON.stringify(name)} references an undefined cluster`,
    );
  }
  if (config.getCurrentUser() === null) {
    throw new UsageError(`${origin}: context ${JSON.stringify(name)} references an undefined user`);
  }
}

/**
 * Merges files like kubectl: if two entries have the same name, the first entry counts. If two
 * files have a current context, the first one counts.
 */
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
  const text = readKubeconfigText(file);
  const config = new KubeConfig();
  try {
    const parsed: unknown = parse(text);
    const problem = wrongForm(parsed);
    if (problem !== undefined) throw new Error(`it is not a kubeconfig: ${problem}`);
    config.loadFromString(text);
    useTokenFiles(config, parsed, dirname(resolve(file)));
    useExecPrograms(config, dirname(resolve(file)));
    useImpersonation(config, parsed);
    keepUnknown(config, parsed);
  } catch (error) {
    throw new UsageError(`kubeconfig ${file}: ${firstLine(error)}`);
  }
  config.makePathsAbsolute(dirname(resolve(file)));
  return config;
}

/**
 * The client library does not support `tokenFile` of a user. So the file is given to the library as
 * the token file of a service account, which the library reads again when the token is rotated. A
 * relative path is relative to the kubeconfig.
 */
function useTokenFiles(config: KubeConfig, parsed: unknown, folder: string): void {
  const { users } = parsed as { users?: readonly KubeconfigUser[] | null };
  const files = new Map<string, string>();
  for (const { name, user } of users ?? []) {
    if (user?.tokenFile) files.set(name ?? '', resolve(folder, user.tokenFile));
  }
  config.users = config.users.map((user) => {
    const tokenFile = files.get(user.name);
    if (tokenFile === undefined) return user;
    const { token: _, ...rest } = user;
    return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile } } };
  });
}

/** Passes users with `exec` to our own authenticator. */
function useExecPrograms(config: KubeConfig, folder: string): void {
  config.users = config.users.map(({ exec, ...user }) => {
    if (typeof exec !== 'object' || exec === null) return user;
    const program = readExecProgram(exec, folder);
    return { ...user, authProvider: { name: execProgram, config: { program } } };
  });
}

/**
 * The client library knows only the name of the impersonated user. Without the other fields, the
 * library would act as another user.
 */
function useImpersonation(config: KubeConfig, parsed: unknown): void {
  const { users } = parsed as { users?: readonly KubeconfigUser[] | null };
  config.users = config.users.map((known): ReadUser => {
    const user = users?.find(({ name }) => name === known.name)?.user ?? {};
    if (lacksName(user)) {
      throw new Error(
        `user ${JSON.stringify(known.name)} has as-uid, as-groups or as-user-extra, which require as`,
      );
    }
    return { ...known, impersonation: user };
  });
}

/**
 * Keeps the fields of a cluster that the client library does not know. `exec` programs need them.
 */
function keepUnknown(config: KubeConfig, parsed: unknown): void {
  const { clusters } = parsed as {
    clusters?: readonly { name?: string | null; cluster?: KubeconfigCluster | null }[] | null;
  };
  config.clusters = config.clusters.map((known): ReadCluster => {
    const unknown = clusters?.find(({ name }) => name === known.name)?.cluster ?? {};
    return { ...known, unknown };
  });
}

function oneOf(names: readonly string[]): string {
  return names.length === 0 ? 'it has none' : `it has ${names.slice(0, 10).join(', ')}`;
}
