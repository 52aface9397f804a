import assert from 'node:assert/strict';
import { test } from 'node:test';
import { path } from '../../tools/control-plane/api.ts';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import { configMap, secret, statefulSet, using } from '../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../tools/control-plane/testing.ts';
import {
  eventsAbout,
  getting,
  optedIn,
  permissionsOnEvents,
  permissionsOnWorkloads,
  reasonsIn,
  requestsIn,
  runPass,
} from './run-pass.ts';

const { api, cluster } = testCluster();

const names = Array.from({ length: 20 }, (_, n) => `web-${n}`);
const pod = {
  ...using(
    { configMap: 'shared' },
    { secret: 'shared' },
    { configMap: 'shared', key: 'x', as: 'X', optional: true },
    { secret: 'absent', key: 'y', as: 'Y', optional: true },
  ),
  imagePullSecrets: [{ name: 'registry' }],
};

/**
 * Creates twenty StatefulSets, and waits until their controller has written each StatefulSet once.
 * Later requests come from the pass alone.
 */
async function twentyWorkloads(namespace: string): Promise<void> {
  const data = { x: '1' };
  await api.create(configMap({ namespace, name: 'shared', data }));
  await api.create(secret({ namespace, name: 'shared', data }));
  await api.create(secret({ namespace, name: 'registry', data }));
  await Promise.all(
    names.map((name) => api.create(statefulSet({ namespace, name, annotations: optedIn, pod }))),
  );
  await Promise.all(names.map((name) => rollouts('StatefulSet', namespace, name)));
}

const everyOne = (reason: string) =>
  Object.fromEntries(names.map((name) => [`StatefulSet/${name}`, reason]));

test('a pass over an unchanged cluster writes nothing and reads each source once', async (t) => {
  const namespace = await testNamespace(t);
  await twentyWorkloads(namespace);
  assert.deepEqual(reasonsIn(await runPass(namespace)), everyOne('FirstSeen'));
  const audit = await auditFromHere(cluster);
  const report = await runPass(namespace);
  assert.deepEqual(reasonsIn(report), everyOne('UpToDate'));

  const requests = await audit.entries(requestsIn(namespace));
  const asked = requests.map(({ verb, objectRef }) =>
    `${verb} ${[objectRef?.resource, objectRef?.name].join(' ')}`.trim(),
  );
  assert.deepEqual(asked.sort(), [
    'get configmaps shared',
    'get secrets absent',
    'get secrets shared',
    'list daemonsets',
    'list deployments',
    'list statefulsets',
  ]);
  assert.equal(report.requests, requests.length);
});

test('a first pass writes each workload once, with one event, and reads each source once', async (t) => {
  const namespace = await testNamespace(t);
  await twentyWorkloads(namespace);
  const audit = await auditFromHere(cluster);
  await runPass(namespace);

  const count = async (verb: string, resource: string) =>
    (await audit.entries({ ...requestsIn(namespace), verb, resource })).length;
  assert.equal(await count('patch', 'statefulsets'), names.length);
  assert.equal(await count('create', 'events'), names.length);
  assert.equal(await count('get', 'configmaps'), 1);
  assert.equal(await count('get', 'secrets'), 2);
  // One of the requests reads the namespace, whose annotations may hold rollouts back.
  const requests = 3 + 3 + 1 + 2 * names.length;
  assert.equal((await audit.entries(requestsIn(namespace))).length, requests);
});

test('sources are never listed or watched, and no read uses a cache', async (t) => {
  const namespace = await testNamespace(t);
  await twentyWorkloads(namespace);
  const { kubeconfig, user } = await serviceAccount(t, {
    namespace,
    rules: [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps', 'secrets')],
  });
  const audit = await auditFromHere(cluster);
  await runPass(namespace, { kubeconfig });
  await api.patch(path('ConfigMap', namespace, 'shared'), { data: { x: '2' } });
  const report = await runPass(namespace, { kubeconfig });
  assert.deepEqual(reasonsIn(report), everyOne('ConfigChanged'));

  const requests = await audit.entries({ user });
  const reads = requests.filter(({ objectRef }) =>
    ['configmaps', 'secrets'].includes(objectRef?.resource ?? ''),
  );
  assert.deepEqual(
    reads.map(({ verb }) => verb),
    Array.from({ length: 6 }, () => 'get'),
  );
  assert.deepEqual(
    requests.filter(({ requestURI }) => requestURI.includes('resourceVersion')),
    [],
  );
});

test('a plan makes the decisions of a pass and writes nothing, not even an Event', async (t) => {
  const namespace = await testNamespace(t);
  await twentyWorkloads(namespace);
  const pods = {
    containers: [{ name: 'main', image: 'x', envFrom: [{ secretRef: { name: 'no' } }] }],
  };
  await api.create(statefulSet({ namespace, name: 'stuck', annotations: optedIn, pod: pods }));
  const audit = await auditFromHere(cluster);
  const report = await runPass(namespace, { write: false });
  assert.deepEqual(reasonsIn(report), {
    ...everyOne('FirstSeen'),
    'StatefulSet/stuck': 'MissingSource',
  });
  assert.deepEqual(
    report.outcomes.map(({ name, written }) => [name, written]),
    report.outcomes.map(({ name }) => [name, name !== 'stuck']),
  );
  const requests = await audit.entries(requestsIn(namespace));
  assert.deepEqual(new Set(requests.map(({ verb }) => verb)), new Set(['get', 'list']));
  assert.deepEqual(await eventsAbout(namespace, 'stuck'), []);
});
