/**
 * A small client of the Kubernetes API for tests. It does not use wave-cron's own client, so an
 * error in one client cannot hide an error in the other.
 *
 *     const api = connect(cluster);                          // the administrator
 *     await api.create(deployment({ namespace, name: 'web' }));
 *     await api.patch(path('Deployment', namespace, 'web'), { spec: { replicas: 2 } });
 *     await api.waitFor(path('Deployment', namespace, 'web'), (it) => it?.status?.['replicas'] === 2);
 *
 * A path is the part of a URL after the server's address: `/api/v1/namespaces/x/configmaps/y`.
 */
import { Agent, type RequestOptions, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyPair } from './certificates.ts';

export type Fields = Record<string, unknown>;

/** Any object of the API. Only the fields that many tests need have types. */
export type KubernetesObject = {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  spec?: Fields;
  status?: Fields;
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
  [field: string]: unknown;
};

export type Metadata = {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[];
  [field: string]: unknown;
};

export type PatchType = 'strategic-merge' | 'merge' | 'json' | 'apply';

/**
 * A response with a status other than 2xx. `reason` is the reason of the Status object, such as
 * `NotFound`.
 */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly reason: string;
  constructor(what: string, status: number, body: string) {
    const { message = body, reason = '' } = statusOf(body);
    super(`${what}: ${status} ${message}`);
    this.status = status;
    this.reason = reason;
  }
}

export type WaitOptions = {
  /** The expected condition, for the error message. */
  what?: string;
  timeoutMs?: number;
};

export type Api = {
  /** Undefined if the object does not exist. */
  find<T = KubernetesObject>(path: string): Promise<T | undefined>;
  get<T = KubernetesObject>(path: string): Promise<T>;
  list<T = KubernetesObject>(path: string): Promise<T[]>;
  create<T extends KubernetesObject>(object: T): Promise<T>;
  /** POST to any path, for subresources such as TokenRequest and for reviews. */
  post<T = KubernetesObject>(path: string, body: unknown): Promise<T>;
  replace<T = KubernetesObject>(path: string, body: unknown): Promise<T>;
  patch<T = KubernetesObject>(path: string, body: unknown, type?: PatchType): Promise<T>;
  /** Does nothing if the object is already deleted. */
  delete(path: string, options?: Fields): Promise<void>;
  /**
   * Reads the object until `predicate` accepts it, and returns it. The object is undefined if it
   * does not exist. Throws after `timeoutMs` (90 000), with the last version of the object.
   */
  waitFor<T = KubernetesObject>(
    path: string,
    predicate: (object: T | undefined) => boolean,
    options?: WaitOptions,
  ): Promise<T | undefined>;
  /** The raw body of a response, for paths that are not objects: `/readyz`, `/version`. */
  text(path: string): Promise<string>;
};

export type Access = {
  url: string;
  /** The certificate authority, in PEM format. */
  authority: string;
  credentials: KeyPair | { token: string };
  userAgent?: string;
};

const contentTypes: Readonly<Record<PatchType, string>> = {
  'strategic-merge': 'application/strategic-merge-patch+json',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

const pollMs = 40;
/** Longer than controllers on a busy machine need, even after a test has added kinds. */
const defaultTimeoutMs = 90_000;

/**
 * A client with these credentials. It keeps no connection open that would keep the process alive.
 */
export function connectWith(access: Access): Api {
  const call = caller(access);
  const json = async <T>(method: string, path: string, body?: unknown, type?: string) =>
    JSON.parse(await call(method, path, body, type)) as T;
  const find = async <T>(path: string) => {
    try {
      return await json<T>('GET', path);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  };
  return {
    find,
    get: (path) => json('GET', path),
    async list<T>(path: string) {
      const { items } = await json<{ items: T[] }>('GET', path);
      return items;
    },
    create: (object) => json('POST', collectionOf(object), object),
    post: (path, body) => json('POST', path, body),
    replace: (path, body) => json('PUT', path, body),
    patch: (path, body, type = 'strategic-merge') => {
      const isApply = type === 'apply' && !path.includes('?');
      const forced = isApply ? `${path}?fieldManager=test&force=true` : path;
      return json('PATCH', forced, body, contentTypes[type]);
    },
    async delete(path, options) {
      try {
        await call('DELETE', path, options);
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      }
    },
    async waitFor(path, predicate, { what = path, timeoutMs = defaultTimeoutMs } = {}) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const object = await find<Parameters<typeof predicate>[0]>(path);
        if (predicate(object)) return object;
        if (performance.now() > deadline) {
          const last = object === undefined ? 'nothing there' : JSON.stringify(object);
          throw new Error(`waited ${timeoutMs} ms in vain for ${what}; seen last: ${last}`);
        }
        await sleep(pollMs);
      }
    },
    text: (path) => call('GET', path),
  };
}

function caller({ url, authority, credentials, userAgent = 'wave-cron-test' }: Access) {
  const { hostname, port } = new URL(url);
  const key = 'token' in credentials ? {} : { cert: credentials.certificate, key: credentials.key };
  const agent = new Agent({ keepAlive: true, ca: authority, ...key });
  const authorization =
    'token' in credentials ? { authorization: `Bearer ${credentials.token}` } : {};
  return (method: string, path: string, body?: unknown, type = 'application/json') => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const content = body === undefined ? undefined : JSON.stringify(body);
    const length = content === undefined ? {} : { 'content-length': Buffer.byteLength(content) };
    const headers = { 'user-agent': userAgent, 'content-type': type, ...authorization, ...length };
    const options: RequestOptions = { method, path, hostname, port, agent, headers };
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject).on('end', () => {
        const { statusCode = 0 } = response;
        if (statusCode >= 200 && statusCode < 300) resolve(text);
        else reject(new ApiError(`${method} ${path}`, statusCode, text));
      });
    });
    sent.on('error', reject).end(content);
    return promise;
  };
}

function statusOf(body: string): { message?: string; reason?: string } {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
}

type Resource = { groupVersion: string; plural: string; namespaced: boolean };

const resource = (groupVersion: string, plural: string, namespaced = true): Resource => ({
  groupVersion,
  plural,
  namespaced,
});

const resources = {
  ClusterRole: resource('rbac.authorization.k8s.io/v1', 'clusterroles', false),
  ClusterRoleBinding: resource('rbac.authorization.k8s.io/v1', 'clusterrolebindings', false),
  ConfigMap: resource('v1', 'configmaps'),
  ControllerRevision: resource('apps/v1', 'controllerrevisions'),
  CronJob: resource('batch/v1', 'cronjobs'),
  DaemonSet: resource('apps/v1', 'daemonsets'),
  Deployment: resource('apps/v1', 'deployments'),
  Event: resource('events.k8s.io/v1', 'events'),
  Job: resource('batch/v1', 'jobs'),
  Lease: resource('coordination.k8s.io/v1', 'leases'),
  Namespace: resource('v1', 'namespaces', false),
  Node: resource('v1', 'nodes', false),
  Pod: resource('v1', 'pods'),
  ReplicaSet: resource('apps/v1', 'replicasets'),
  Role: resource('rbac.authorization.k8s.io/v1', 'roles'),
  RoleBinding: resource('rbac.authorization.k8s.io/v1', 'rolebindings'),
  Secret: resource('v1', 'secrets'),
  ServiceAccount: resource('v1', 'serviceaccounts'),
  StatefulSet: resource('apps/v1', 'statefulsets'),
  ValidatingAdmissionPolicy: resource(
    'admissionregistration.k8s.io/v1',
    'validatingadmissionpolicies',
    false,
  ),
  ValidatingAdmissionPolicyBinding: resource(
    'admissionregistration.k8s.io/v1',
    'validatingadmissionpolicybindings',
    false,
  ),
} as const satisfies Record<string, Resource>;

export type Kind = keyof typeof resources;

const isKind = (kind: string): kind is Kind => Object.hasOwn(resources, kind);

/**
 * The path of an object; without `name`, the path of the collection. `namespace` is ignored for
 * cluster-scoped kinds.
 */
export function path(kind: Kind, namespace?: string, name?: string): string {
  const { groupVersion, plural, namespaced } = resources[kind];
  const root = groupVersion === 'v1' ? '/api' : '/apis';
  const scope = namespaced && namespace !== undefined ? ['namespaces', namespace] : [];
  return [root, groupVersion, ...scope, plural, ...(name === undefined ? [] : [name])].join('/');
}

function collectionOf({ kind, metadata }: KubernetesObject): string {
  if (!isKind(kind))
    throw new Error(`api.create does not know ${kind}: add it to the table, or use api.post`);
  return path(kind, metadata.namespace);
}
