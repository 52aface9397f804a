/**
 * For tests that need a cluster. One control plane serves a whole test run (see global-setup.ts);
 * each test has a namespace of its own.
 *
 *     const { api, cluster } = testCluster();
 *     test('a changed ConfigMap rolls the Deployment', async (t) => {
 *       const namespace = await testNamespace(t);
 *       await api.create(deployment({ namespace, name: 'web' }));
 *       assert.equal(await rollouts('Deployment', namespace, 'web'), 1);
 *     });
 *
 * Also here: kubectl, and ServiceAccounts with just the permissions that a test wants to give.
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

/** The control plane of this test run, or the one that runs anyhow, and the administrator's client for it. */
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
 * A new namespace with a random name, ready for Pods; deleted after the test (`deleteNamespace`), which
 * fails where something there shows the value of a Secret.
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
 * Deletes a namespace without waiting for it, and with it the finalizers of wave-cron: no pass of
 * the test comes any more to take them off, and the namespace would stay for ever.
 *
 * Each workload is deleted before it loses its finalizer. Nobody can put one on again then, so a
 * program that a test has left running does no harm; and in a namespace that ends nothing is made.
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
 * How many rollouts a workload has had, the first one included: the highest revision that its
 * controller has given, after it has seen the current generation. Unlike the number of ReplicaSets
 * or ControllerRevisions it also counts a rollout back to an earlier template.
 */
export async function rollouts(
  kind: keyof typeof rolloutRecords,
  namespace: string,
  name: string,
): Promise<number> {
  const records = await rolloutHistory(kind, namespace, name);
  return Math.max(0, ...records.map(revisionOf));
}

/** The ReplicaSets or ControllerRevisions of a workload, oldest first, once its controller has seen its generation. */
export async function rolloutHistory(
  kind: keyof typeof rolloutRecords,
  namespace: string,
  name: string,
): Promise<KubernetesObject[]> {
  const { api } = testCluster();
  const workload = await api.waitFor(
    path(kind, namespace, name),
    (it) =>
      Number(it?.status?.['observedGeneration'] ?? 0) >= (it?.metadata.generation ?? Infinity),
    { what: `the controller to see ${kind} ${namespace}/${name}` },
  );
  const records = await api.list(path(rolloutRecords[kind], namespace));
  const isOwn = ({ metadata }: KubernetesObject) =>
    metadata.ownerReferences?.some(({ uid }) => uid === workload?.metadata.uid);
  return records.filter(isOwn).sort((a, b) => revisionOf(a) - revisionOf(b));
}

/**
 * Waits until the controllers of Kubernetes have seen each workload of a namespace as it is now. A
 * template that is changed before its controller saw the one before makes one rollout of both, and
 * a test that counts rollouts counts one too few. What no controller takes up within `timeoutMs`
 * is not waited for any longer.
 */
export async function seenByControllers(namespace: string, timeoutMs = 5_000): Promise<void> {
  const { api } = testCluster();
  const deadline = performance.now() + timeoutMs;
  const isUnseen = ({ metadata, status }: KubernetesObject) =>
    metadata['deletionTimestamp'] === undefined &&
    Number(status?.['observedGeneration'] ?? 0) < (metadata.generation ?? 0);
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet'] as const) {
    while ((await api.list(path(kind, namespace))).some(isUnseen) && performance.now() < deadline) {
      await sleep(40);
    }
  }
}

function revisionOf({ metadata, ...object }: KubernetesObject): number {
  return Number(object['revision'] ?? metadata.annotations?.['deployment.kubernetes.io/revision']);
}

/** Is there a kubectl on the PATH? For `{ skip: !hasKubectl() }`. */
export function hasKubectl(): boolean {
  return canRun('kubectl', 'version', '--client');
}

/** Runs kubectl as the administrator, or with another kubeconfig; returns its stdout, throws with its stderr. */
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
  /** Permissions in its own namespace; what names kube-system alone is granted there. */
  rules?: readonly Rule[];
  /** Permissions in the whole cluster. */
  clusterRules?: readonly Rule[];
  /** Of the token; the API server gives 600 or more. */
  expirationSeconds?: number;
};

export type ServiceAccount = {
  name: string;
  /** `system:serviceaccount:<namespace>:<name>`, as the audit log has it. */
  user: string;
  token: string;
  kubeconfig: string;
};

/** A new ServiceAccount with these permissions and a token; returns when the permissions are in force. */
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

/** A token of a ServiceAccount, by TokenRequest. */
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

/** Makes the role and its binding, both of the returned name. */
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

// The API server's authorizer learns of roles and bindings by a watch, some milliseconds later.
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
