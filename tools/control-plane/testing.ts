/**
 * Helpers for tests that need a cluster. All tests of a run share one control plane (see
 * global-setup.ts), and each test has its own namespace.
 *
 *     const { api, cluster } = testCluster();
 *     test('a changed ConfigMap rolls the Deployment', async (t) => {
 *       const namespace = await testNamespace(t);
 *       await api.create(deployment({ namespace, name: 'web' }));
 *       assert.equal(await rollouts('Deployment', namespace, 'web'), 1);
 *     });
 *
 * It also contains helpers for kubectl, and for ServiceAccounts with only the permissions that a
 * test needs.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { assertNoLeakIn } from '../../test/secrets/written.ts';
import { type Api, ApiError, type KubernetesObject, path } from './api.ts';
import { canRun } from './can-run.ts';
import { type Cluster, connect, openCluster } from './cluster-folder.ts';
import { namespace as namespaceObject } from './objects.ts';
import { runningCluster } from './running-cluster.ts';

export type TestCluster = { cluster: Cluster; api: Api };

let shared: TestCluster | undefined;

/**
 * The control plane of this test run, or one that is already running, and a client with the
 * administrator's credentials.
 */
export function testCluster(): TestCluster {
  if (shared) return shared;
  const folder = runningCluster(process.env);
  if (folder === undefined) {
    throw new Error(
      `this test needs a control plane: run it with --test-global-setup=tools/control-plane/global-setup.ts, or start one in another terminal: npm run cluster`,
    );
  }
  const cluster = openCluster(folder);
  shared = { cluster, api: connect(cluster) };
  return shared;
}

/** `<prefix>-<8 hex digits>`, for names that are shared by all tests of a cluster. */
export const randomName = (prefix: string): string => `${prefix}-${randomBytes(4).toString('hex')}`;

/**
 * A new namespace with a random name, ready for Pods. It is deleted after the test
 * (`deleteNamespace`). The test fails if an object in it shows the value of a Secret.
 */
export async function testNamespace(
  t: Pick<TestContext, 'after'>,
  labels: Record<string, string> = {},
): Promise<string> {
  const { api } = testCluster();
  const name = randomName('test');
  await api.create(namespaceObject(name, labels));
  t.after(async () => {
    try {
      await assertNoLeakIn(api, name);
    } finally {
      await deleteNamespace(name);
    }
  });
  await api.waitFor(path('ServiceAccount', name, 'default'), (account) => account !== undefined);
  return name;
}

/**
 * Deletes a namespace without waiting for it, and removes the finalizers of wave-cron. No later
 * pass of the test would remove them, and the namespace would stay.
 *
 * Each workload is deleted before its finalizer is removed. After that, a program that a test left
 * running cannot add the finalizer again. And it cannot create objects in a terminating namespace.
 */
export async function deleteNamespace(name: string): Promise<void> {
  const { api } = testCluster();
  await api.delete(path('Namespace', undefined, name));
  await Promise.all(
    workloadKinds.map(async (kind) => {
      await api.delete(path(kind, name));
      const release = async ({ metadata }: KubernetesObject) => {
        const ours = metadata.finalizers?.filter((each) => each.endsWith('/finalizer')) ?? [];
        if (ours.length === 0) return;
        const patch = { metadata: { '$deleteFromPrimitiveList/finalizers': ours } };
        await api.patch(path(kind, name, metadata.name), patch).catch(unlessGone);
      };
      await pLimit(16).map(await api.list(path(kind, name)), release);
    }),
  );
}

const workloadKinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;

function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError && error.status === 404)) throw error;
}

const rolloutRecords = {
  Deployment: 'ReplicaSet',
  StatefulSet: 'ControllerRevision',
  DaemonSet: 'ControllerRevision',
} as const;

/**
 * The number of rollouts of a workload, including the first one: the highest revision number, after
 * its controller has observed the current generation. Unlike the number of ReplicaSets or
 * ControllerRevisions, it includes rollbacks.
 */
export async function rollouts(
  kind: keyof typeof rolloutRecords,
  namespace: string,
  name: string,
): Promise<number> {
  const records = await rolloutHistory(kind, namespace, name);
  return Math.max(0, ...records.map(revisionOf));
}

/**
 * The ReplicaSets or ControllerRevisions of a workload, oldest first, after its controller has
 * observed its generation.
 */
export async function rolloutHistory(
  kind: keyof typeof rolloutRecords,
  namespace: string,
  name: string,
): Promise<KubernetesObject[]> {
  const { api } = testCluster();
  const workload = await api.waitFor(
    path(kind, namespace, name),
    (it) => it !== undefined && isSeen(it),
    { what: `the controller to see ${kind} ${namespace}/${name}` },
  );
  const records = await api.list(path(rolloutRecords[kind], namespace));
  const isOwn = ({ metadata }: KubernetesObject) =>
    metadata.ownerReferences?.some(({ uid }) => uid === workload?.metadata.uid);
  return records.filter(isOwn).sort((a, b) => revisionOf(a) - revisionOf(b));
}

/**
 * Waits until the controllers of Kubernetes have observed the current version of each workload in a
 * namespace. If a template changes again before that, both changes become one rollout, and a test
 * would count one too few. After `timeoutMs`, it stops waiting.
 */
export async function seenByControllers(namespace: string, timeoutMs = 5_000): Promise<void> {
  const { api } = testCluster();
  const deadline = performance.now() + timeoutMs;
  const isUnseen = (object: KubernetesObject) =>
    object.metadata['deletionTimestamp'] === undefined && !isSeen(object);
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet'] as const) {
    while ((await api.list(path(kind, namespace))).some(isUnseen) && performance.now() < deadline) {
      await sleep(40);
    }
  }
}

/** Whether the controller of a workload has observed the current version of the workload. */
function isSeen({ metadata, status }: KubernetesObject): boolean {
  return Number(status?.['observedGeneration'] ?? 0) >= (metadata.generation ?? 0);
}

function revisionOf({ metadata, ...object }: KubernetesObject): number {
  return Number(object['revision'] ?? metadata.annotations?.['deployment.kubernetes.io/revision']);
}

/** Whether kubectl is on the PATH. For `{ skip: !hasKubectl() }`. */
export function hasKubectl(): boolean {
  return canRun('kubectl', 'version', '--client');
}

/**
 * Runs kubectl as the administrator, or with another kubeconfig. Returns its stdout. On failure,
 * the error contains its stderr.
 */
export async function kubectl(args: readonly string[], kubeconfig?: string): Promise<string> {
  const file = kubeconfig ?? testCluster().cluster.kubeconfig;
  const { stdout } = await promisify(execFile)('kubectl', [...args, '--kubeconfig', file]);
  return stdout;
}

export type Rule = {
  apiGroups: readonly string[];
  resources: readonly string[];
  verbs: readonly string[];
  resourceNames?: readonly string[];
};

export type ServiceAccountOptions = {
  namespace: string;
  name?: string;
  /**
   * The permissions of the account in its own namespace. A rule that names only kube-system is
   * granted in kube-system.
   */
  rules?: readonly Rule[];
  /** Permissions in the whole cluster. */
  clusterRules?: readonly Rule[];
  /** The lifetime of the token in seconds. The minimum of the API server is 600. */
  expirationSeconds?: number;
};

export type ServiceAccount = {
  name: string;
  /** The user name as in the audit log: `system:serviceaccount:<namespace>:<name>`. */
  user: string;
  token: string;
  kubeconfig: string;
};

/**
 * A new ServiceAccount with these permissions and a token. Resolves when the permissions are in
 * effect.
 */
export async function serviceAccount(
  t: Pick<TestContext, 'after'>,
  options: ServiceAccountOptions,
): Promise<ServiceAccount> {
  const { api, cluster } = testCluster();
  const { namespace, name = randomName('account'), rules = [], clusterRules = [] } = options;
  const metadata = { namespace, name };
  await api.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  const isThere = ({ resourceNames }: Rule) => resourceNames?.join() === 'kube-system';
  const own = rules.filter((rule) => !isThere(rule));
  const there = rules.filter(isThere);
  if (own.length > 0) await grant('Role', metadata, own);
  if (there.length > 0) {
    const made = await grant('Role', metadata, there, 'kube-system');
    t.after(async () => {
      await api.delete(path('RoleBinding', 'kube-system', made));
      await api.delete(path('Role', 'kube-system', made));
    });
  }
  if (clusterRules.length > 0) {
    const wide = await grant('ClusterRole', metadata, clusterRules);
    t.after(async () => {
      await api.delete(path('ClusterRoleBinding', undefined, wide));
      await api.delete(path('ClusterRole', undefined, wide));
    });
  }
  const { expirationSeconds = 3600 } = options;
  const token = await requestToken(namespace, name, expirationSeconds);
  return {
    name,
    user: userName(metadata),
    token,
    kubeconfig: cluster.kubeconfigFor({ token }, { namespace }),
  };
}

/** Requests a token of a ServiceAccount with TokenRequest. */
export async function requestToken(
  namespace: string,
  name: string,
  expirationSeconds = 3600,
): Promise<string> {
  const { status } = await testCluster().api.post<{ status: { token: string } }>(
    `${path('ServiceAccount', namespace, name)}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds } },
  );
  return status.token;
}

type Account = { namespace: string; name: string };

const userName = ({ namespace, name }: Account) => `system:serviceaccount:${namespace}:${name}`;

/** Creates the role and its binding. Both have the returned name. */
async function grant(
  kind: 'Role' | 'ClusterRole',
  account: Account,
  rules: readonly Rule[],
  namespace: string = account.namespace,
): Promise<string> {
  const { api } = testCluster();
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const name = randomName(account.name);
  const metadata = kind === 'Role' ? { namespace, name } : { name };
  await api.create({ apiVersion, kind, metadata, rules });
  await api.create({
    apiVersion,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup, kind, name },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
  await inForce(kind, account, rules, namespace);
  return name;
}

// The authorizer of the API server watches roles and bindings, so it knows a new one only some
// milliseconds later.
async function inForce(
  kind: 'Role' | 'ClusterRole',
  account: Account,
  rules: readonly Rule[],
  namespace: string,
): Promise<void> {
  const rule = rules[0];
  const [resource = '', subresource] = rule?.resources[0]?.split('/') ?? [];
  const resourceAttributes = {
    ...(kind === 'Role' ? { namespace } : {}),
    group: rule?.apiGroups[0],
    resource,
    subresource,
    verb: rule?.verbs[0],
    name: rule?.resourceNames?.[0],
  };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: userName(account), resourceAttributes },
  };
  const { api } = testCluster();
  const reviews = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  for (let attempt = 0; attempt < 500; attempt++) {
    const { status } = await api.post<{ status: { allowed: boolean } }>(reviews, review);
    if (status.allowed) return;
  }
  throw new Error(
    `the permissions of ${userName(account)} did not come into force: ${JSON.stringify(rules)}`,
  );
}
