import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  ApiError,
  connectWith,
  type KubernetesObject,
  path,
} from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import {
  configMap,
  daemonSet,
  deployment,
  statefulSet,
  using,
} from '../../../tools/control-plane/objects.ts';
import {
  deleteNamespace,
  hasKubectl,
  kubectl,
  requestToken,
  rolloutHistory,
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';

const { api, cluster } = testCluster();
const authority = readFileSync(cluster.caFile, 'utf8');

const changedTemplate = {
  spec: { template: { metadata: { annotations: { changed: 'yes' } } } },
};

for (const [kind, make] of [
  ['Deployment', deployment],
  ['StatefulSet', statefulSet],
  ['DaemonSet', daemonSet],
] as const) {
  test(`a ${kind} is rolled out by its controller, again for each change of its template only`, async (t) => {
    const namespace = await testNamespace(t);
    await api.create(make({ namespace, name: 'web' }));
    assert.equal(await rollouts(kind, namespace, 'web'), 1);
    const metadata = { annotations: { changed: 'yes' } };
    await api.patch(path(kind, namespace, 'web'), { metadata });
    assert.equal(await rollouts(kind, namespace, 'web'), 1);
    await api.patch(path(kind, namespace, 'web'), changedTemplate);
    assert.equal(await rollouts(kind, namespace, 'web'), 2);
    assert.equal((await rolloutHistory(kind, namespace, 'web')).length, 2);
  });
}

test('a CronJob starts a Job, and the Job a Pod', async (t) => {
  const namespace = await testNamespace(t);
  const { containers } = using();
  const template = { spec: { restartPolicy: 'Never', containers } };
  const cronJob = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { namespace, name: 'tick' },
    spec: { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template } } },
  };
  await api.create(cronJob);
  // The controller starts a missed run at once, so no minute has to pass.
  const lastScheduleTime = new Date(Date.now() - 90_000).toISOString().replace(/\.\d+/, '');
  const status = { status: { lastScheduleTime } };
  await api.patch(`${path('CronJob', namespace, 'tick')}/status`, status, 'merge');
  await api.patch(path('CronJob', namespace, 'tick'), { spec: { suspend: false } });
  const isThere = (list?: { items: KubernetesObject[] }) => (list?.items.length ?? 0) > 0;
  await api.waitFor(path('Job', namespace), isThere, { what: 'a Job' });
  await api.waitFor(path('Pod', namespace), isThere, { what: 'a Pod of the Job' });
});

test('an object is deleted with the last of its owners, and an orphan of a deleted owner stays', async (t) => {
  const namespace = await testNamespace(t);
  const owner = await api.create(configMap({ namespace, name: 'owner' }));
  const owned = (name: string) => {
    const { uid = '' } = owner.metadata;
    const { metadata, ...rest } = configMap({ namespace, name });
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
    return { ...rest, metadata: { ...metadata, ownerReferences } };
  };
  await api.create(owned('owned'));
  await api.delete(path('ConfigMap', namespace, 'owner'), { propagationPolicy: 'Background' });
  await api.waitFor(path('ConfigMap', namespace, 'owned'), (it) => it === undefined);

  await api.create(deployment({ namespace, name: 'web' }));
  await rollouts('Deployment', namespace, 'web');
  await api.delete(path('Deployment', namespace, 'web'), { propagationPolicy: 'Orphan' });
  await api.waitFor(path('Deployment', namespace, 'web'), (it) => it === undefined);
  assert.equal((await api.list(path('ReplicaSet', namespace))).length, 1);
});

test('a deleted namespace is removed with everything in it', async (t) => {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  await api.delete(path('Namespace', undefined, namespace));
  await api.waitFor(path('Namespace', undefined, namespace), (it) => it === undefined);
});

test('a namespace is removed although its workloads have finalizers of wave-cron, with any prefix', async (t) => {
  const namespace = await testNamespace(t);
  const withFinalizer = (object: KubernetesObject, finalizer: string) =>
    api.create({ ...object, metadata: { ...object.metadata, finalizers: [finalizer] } });
  await withFinalizer(deployment({ namespace, name: 'a' }), 'wave.pusher.com/finalizer');
  await withFinalizer(daemonSet({ namespace, name: 'b' }), 'other.example.com/finalizer');
  await deleteNamespace(namespace);
  await api.waitFor(path('Namespace', undefined, namespace), (it) => it === undefined);
  await deleteNamespace(namespace);
});

test('a ServiceAccount has only the permissions that its test gave', async (t) => {
  const namespace = await testNamespace(t);
  const account = await serviceAccount(t, {
    namespace,
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
    clusterRules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['list'] }],
  });
  await api.create(configMap({ namespace, name: 'settings' }));
  const own = connectWith({ url: cluster.url, authority, credentials: { token: account.token } });
  await own.get(path('ConfigMap', namespace, 'settings'));
  await own.list(path('Deployment'));
  await assert.rejects(own.list(path('ConfigMap', namespace)), isStatus(403));
  await assert.rejects(own.get(path('Secret', namespace, 'x')), isStatus(403));
});

test('a token of TokenRequest belongs to the requested account', async (t) => {
  const namespace = await testNamespace(t);
  const token = await requestToken(namespace, 'default');
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
  type Review = { status: { user: { username: string } } };
  const reviews = '/apis/authentication.k8s.io/v1/tokenreviews';
  const { status } = await api.post<Review>(reviews, review);
  assert.equal(status.user.username, `system:serviceaccount:${namespace}:default`);
});

test('an expired certificate and a wrong token are rejected', async () => {
  const { url } = cluster;
  const subject = { commonName: 'late', organizations: ['system:masters'] };
  const current = cluster.clientCertificate(subject);
  const notAfter = new Date(Date.now() - 60_000);
  const expired = cluster.clientCertificate({ ...subject, notAfter });
  const list = (credentials: typeof current | { token: string }) =>
    connectWith({ url, authority, credentials }).list(path('Namespace'));
  await list(current);
  await assert.rejects(list(expired), isStatus(401));
  await assert.rejects(list({ token: 'wrong' }), isStatus(401));
});

test('the audit log returns each request after its start once, by user agent, user, verb, resource and namespace', async (t) => {
  const namespace = await testNamespace(t);
  const account = await serviceAccount(t, {
    namespace,
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create'] }],
  });
  const own = connectWith({
    url: cluster.url,
    authority,
    credentials: { token: account.token },
    userAgent: 'under-test/1',
  });
  await own.find(path('ConfigMap', namespace, 'before'));
  const audit = await auditFromHere(cluster);
  await own.find(path('ConfigMap', namespace, 'after'));
  await own.create(configMap({ namespace, name: 'after' }));
  await api.find(path('ConfigMap', namespace, 'someone-else'));

  const entries = await audit.entries({ userAgent: 'under-test/1', namespace });
  assert.deepEqual(
    entries.map(({ verb, objectRef, responseStatus }) => [
      verb,
      objectRef?.name,
      responseStatus?.code,
    ]),
    [
      ['get', 'after', 404],
      ['create', 'after', 201],
    ],
  );
  const byUser = await audit.entries({ user: account.user, verb: ['create', 'patch'] });
  assert.deepEqual(byUser, entries.slice(1));
  const none = await audit.entries({ userAgent: /^under-test/, resource: 'secrets' });
  assert.deepEqual(none, []);
});

test('kubectl works with the kubeconfig of the administrator and of an account', {
  skip: !hasKubectl() && 'there is no kubectl on the PATH',
}, async (t) => {
  const namespace = await testNamespace(t);
  assert.match(await kubectl(['get', 'namespace', namespace, '-o', 'name']), new RegExp(namespace));
  const { kubeconfig } = await serviceAccount(t, {
    namespace,
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
  });
  assert.match(await kubectl(['get', 'configmaps'], kubeconfig), /kube-root-ca.crt/);
  await assert.rejects(kubectl(['get', 'secrets'], kubeconfig), /forbidden/);
});

test('the server reports its pinned version', async () => {
  const { gitVersion } = JSON.parse(await api.text('/version'));
  assert.match(gitVersion, /^v1\.\d+\.\d+$/);
});

test('a wait that times out shows the last version of the object', async (t) => {
  const namespace = await testNamespace(t);
  await assert.rejects(
    api.waitFor(path('ConfigMap', namespace, 'never'), (it) => it !== undefined, { timeoutMs: 50 }),
    /in vain for .*never; seen last: nothing there/,
  );
});

function isStatus(status: number): (error: unknown) => boolean {
  return (error) => error instanceof ApiError && error.status === status;
}
