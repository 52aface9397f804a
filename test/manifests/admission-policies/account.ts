/**
 * The shipped ServiceAccount, restricted by the shipped admission policies, in a namespace of the test. Tests
 * use its real token directly, without a Pod, to see which requests of that token the API server allows.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import {
  type Api,
  ApiError,
  connectWith,
  type Fields,
  path,
} from '../../../tools/control-plane/api.ts';
import { deployment } from '../../../tools/control-plane/objects.ts';
import {
  randomName,
  requestToken,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { build, objectOf, overlay } from '../kustomize.ts';

export type RestrictedOptions = {
  /** More fields and components of the overlay over manifests/cronjob. */
  overlay?: Fields & { components?: readonly string[] };
  /**
   * Grants every permission on the resources that the admission policies restrict, in the account's own
   * namespace, so that RBAC refuses nothing there.
   */
  wide?: boolean;
  /** Whether the overlay includes the component ownership. Default true. */
  ownership?: boolean;
};

export type RestrictedAccount = {
  namespace: string;
  name: string;
  kubeconfig: string;
  /** A client that sends the account's token. */
  api: Api;
};

/**
 * One account, with every permission in its namespace, for all tests of a suite. `account` is available when
 * the tests run.
 */
export function accountOfSuite(options: RestrictedOptions = {}): {
  readonly account: RestrictedAccount;
} {
  let account: RestrictedAccount | undefined;
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    const atTheEnd = { after: (cleanup: () => unknown) => cleanups.push(cleanup) };
    account = await restrictedAccount(atTheEnd, { wide: true, ...options });
  });
  after(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  });
  return {
    get account() {
      assert.ok(account);
      return account;
    },
  };
}

/** Creates the account and its policies. Returns when the admission policies are in force. */
export async function restrictedAccount(
  t: { after: (cleanup: () => unknown) => unknown },
  {
    overlay: { components = [], ...more } = {},
    wide = false,
    ownership = true,
  }: RestrictedOptions = {},
): Promise<RestrictedAccount> {
  const { api, cluster } = testCluster();
  const namespace = await testNamespace(t);
  const nameSuffix = namespace.replace(/.*(?=-)/, '');
  const objects = await build(
    overlay({
      ...{ resources: ['cronjob'], namespace, nameSuffix, ...more },
      components: [...components, ...(ownership ? ['components/ownership'] : [])],
    }),
  );
  const { name } = objectOf(objects, 'ServiceAccount').metadata;
  for (const object of objects) {
    if (object.kind === 'CronJob' || object.kind === 'Namespace') continue;
    const { kind, metadata } = await api.create(object);
    if (/^Cluster|^Validating/.test(kind)) {
      t.after(() => api.delete(path(kind as 'ClusterRole', undefined, metadata.name)));
    }
  }
  if (wide) await grantAll(namespace, name);
  const token = await requestToken(namespace, name);
  const authority = readFileSync(cluster.caFile, 'utf8');
  // If a request names no field manager, the API server uses the part of the user agent before the slash.
  const userAgent = 'wave-cron';
  const account = connectWith({ url: cluster.url, authority, credentials: { token }, userAgent });
  await inForce(account, namespace);
  const kubeconfig = cluster.kubeconfigFor({ token }, { namespace });
  return { namespace, name, kubeconfig, api: account };
}

/** Grants the account every permission in another namespace. Returns when the permission is in force. */
export async function grantElsewhere(
  { namespace, name, api: account }: RestrictedAccount,
  elsewhere: string,
): Promise<void> {
  const { api } = testCluster();
  const apiGroup = 'rbac.authorization.k8s.io';
  await api.create({
    apiVersion: `${apiGroup}/v1`,
    kind: 'RoleBinding',
    metadata: { namespace: elsewhere, name: 'everything' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  });
  for (;;) {
    const refused = await refusedBy(() => account.list(path('Role', elsewhere)));
    if (refused === undefined) return;
  }
}

async function grantAll(namespace: string, name: string): Promise<void> {
  const { api } = testCluster();
  const apiGroup = 'rbac.authorization.k8s.io';
  const metadata = { namespace, name: 'everything' };
  const any = (apiGroups: string[], resources: string[]) => ({
    apiGroups,
    resources,
    verbs: ['*'],
  });
  await api.create({
    apiVersion: `${apiGroup}/v1`,
    kind: 'Role',
    metadata,
    rules: [
      any(['apps'], ['deployments', 'statefulsets', 'daemonsets']),
      any(['apps'], ['*/status', '*/scale']),
      any([''], ['configmaps', 'secrets', 'events']),
      any(['events.k8s.io'], ['events']),
      any(['coordination.k8s.io'], ['leases']),
    ],
  });
  await api.create({
    apiVersion: `${apiGroup}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup, kind: 'Role', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  });
}

/** Waits until each policy denies a probe: the API server learns about policies by a watch, and compiles them later. */
async function inForce(account: Api, namespace: string): Promise<void> {
  const { api } = testCluster();
  const probe = randomName('probe');
  await api.create(deployment({ namespace, name: probe }));
  const labels = { metadata: { labels: { probe } } };
  const sample = path('ConfigMap', namespace, 'kube-root-ca.crt');
  await api.waitFor(sample, (it) => it !== undefined);
  const event = {
    ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { namespace, name: probe } },
    ...{
      type: 'Normal',
      reason: 'Probe',
      action: 'Probe',
      eventTime: '2026-01-01T00:00:00.000000Z',
    },
    ...{ reportingController: 'probe', reportingInstance: 'probe' },
    regarding: { kind: 'Namespace', name: namespace, namespace },
  };
  await refusal(() => account.patch(`${path('Deployment', namespace, probe)}?dryRun=All`, labels));
  await refusal(() => account.patch(`${sample}?dryRun=All`, labels));
  // The policy for owner references is the only one with another object as its parameter.
  const owner = { apiVersion: 'v1', kind: 'Namespace', name: 'kube-system', uid: probe };
  const owned = { metadata: { ownerReferences: [owner] } };
  await refusal(() => account.patch(`${sample}?dryRun=All`, owned));
  await refusal(() => account.post(`${path('Event', namespace)}?dryRun=All`, event));
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: probe } };
  await refusal(() => account.post(`${path('Lease', namespace)}?dryRun=All`, lease));
  await api.delete(path('Deployment', namespace, probe));
}

async function refusal(attempt: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const refused = await refusedBy(attempt);
    if (refused?.includes('wave-cron admission policy') === true) return;
    if (performance.now() > deadline)
      throw new Error(`the admission policies are not in force: ${refused}`);
  }
}

/** The API server's message if it refuses the request; undefined if it accepts the request. */
export async function refusedBy(attempt: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.message;
  }
}

/** Fails unless this rule of an admission policy denies the request. `rule` is a part of a regular expression. */
export async function assertRefused(rule: string, attempt: () => Promise<unknown>): Promise<void> {
  const refusal = (await refusedBy(attempt)) ?? 'let through';
  assert.match(refusal, new RegExp(`wave-cron admission policy \\((${rule})\\): the account may `));
}
