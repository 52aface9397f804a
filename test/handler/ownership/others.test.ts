/** Owner references that other clients wrote. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import {
  getting,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  reasonsIn,
  requestsIn,
} from '../run-pass.ts';
import { ownershipStage, type Stage, usingOptional } from './stage.ts';

const { api, cluster } = testCluster();

const optOut = { metadata: { annotations: { [`${prefix}/update-on-config-change`]: 'false' } } };

/**
 * Creates Secret `credentials` and Deployment `web` that uses it. Another client makes the Deployment and a
 * ConfigMap owners of the Secret.
 */
async function ownedByOthers(t: TestContext): Promise<Stage> {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'parent');
  await stage.source('Secret', 'credentials');
  const uid = await stage.workload(
    'Deployment',
    'web',
    usingOptional({ secrets: ['credentials'] }),
  );
  const { metadata } = await stage.get('ConfigMap', 'parent');
  const ownerReferences = [
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'parent', uid: metadata.uid },
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid },
  ];
  await api.patch(path('Secret', stage.namespace, 'credentials'), {
    metadata: { ownerReferences },
  });
  return stage;
}

for (const [how, away] of [
  ['opted out', (stage: Stage) => api.patch(path('Deployment', stage.namespace, 'web'), optOut)],
  ['with ownership: off', async () => ({})],
] as const) {
  test(`a reference to the workload from another client stays (${how}), and the source survives when its other owners are deleted`, async (t) => {
    const stage = await ownedByOthers(t);
    await stage.pass();
    const all = ['ConfigMap/parent', 'Deployment/web', 'Namespace'];
    assert.deepEqual(await stage.owners('Secret', 'credentials'), all);
    await away(stage);
    const report = await stage.pass({ ownership: how === 'opted out' ? 'finalizer' : 'off' });
    assert.deepEqual(outcomeOf(report, 'web').ownership, {
      referencesAdded: [],
      referencesRemoved: [],
      finalizer: 'removed',
    });
    assert.match(
      outcomeOf(report, 'web').sentence,
      /Secret\/credentials keeps an owner reference to it that another client wrote$/,
    );
    assert.deepEqual(await stage.owners('Secret', 'credentials'), all);

    await api.delete(path('ConfigMap', stage.namespace, 'parent'));
    await api.delete(path('Deployment', stage.namespace, 'web'));
    await api.waitFor(
      path('Secret', stage.namespace, 'credentials'),
      (it) => it?.metadata.ownerReferences?.length === 1,
      { what: 'the garbage collector to take both references away' },
    );
    assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Namespace']);
  });
}

test('a reference without a field manager stays, and so does the reference to the namespace', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('Secret', 'credentials');
  await stage.workload('Deployment', 'web', usingOptional({ secrets: ['credentials'] }));
  await stage.pass();
  const at = path('Secret', stage.namespace, 'credentials');
  await api.patch(at, { metadata: { managedFields: [{}] } }, 'merge');
  assert.equal((await api.get(at)).metadata['managedFields'], undefined);
  await api.patch(path('Deployment', stage.namespace, 'web'), optOut);
  assert.ok(isComplete(await stage.pass()));
  assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Deployment/web', 'Namespace']);
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
});

test('a reference that another client manages too stays, and so does the reference to the namespace', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('Secret', 'credentials');
  await stage.workload('Deployment', 'web', usingOptional({ secrets: ['credentials'] }));
  await stage.pass();
  const at = path('Secret', stage.namespace, 'credentials');
  const { metadata } = await api.get(at);
  const [toWorkload] = metadata.ownerReferences ?? [];
  const { namespace, name } = metadata;
  await api.patch(
    `${at}?fieldManager=somebody`,
    {
      ...{ apiVersion: 'v1', kind: 'Secret' },
      metadata: { namespace, name, ownerReferences: [toWorkload] },
    },
    'apply',
  );
  await api.patch(path('Deployment', stage.namespace, 'web'), optOut);
  assert.ok(isComplete(await stage.pass()));
  assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Deployment/web', 'Namespace']);
});

test('with ownership: off, a reference from another client causes no reads and no writes, on any object', async (t) => {
  const stage = await ownedByOthers(t);
  const { namespace } = stage;
  const rules = [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps', 'secrets')];
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  await stage.pass({ ownership: 'off' }, { kubeconfig });
  const audit = await auditFromHere(cluster);
  const report = await stage.pass({ ownership: 'off' }, { kubeconfig });
  assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'UpToDate' });
  assert.ok(isComplete(report));
  const requests = await audit.entries(requestsIn(namespace));
  assert.deepEqual(requests.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}`).sort(), [
    'get secrets',
    'list daemonsets',
    'list deployments',
    'list statefulsets',
  ]);
});

test('a source to which upstream Wave added another owner keeps the reference to kube-system when a workload releases it', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('Secret', 'credentials');
  const pod = usingOptional({ secrets: ['credentials'] });
  const uid = await stage.workload('Deployment', 'older', pod);
  const ofWave = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'older', uid },
    ...{ controller: false, blockOwnerDeletion: true },
  };
  const at = path('Secret', stage.namespace, 'credentials');
  await api.patch(`${at}?fieldManager=manager`, { metadata: { ownerReferences: [ofWave] } });
  await stage.workload('Deployment', 'web', pod, { annotations: { ...optedIn } });
  await stage.pass();
  await api.patch(path('Deployment', stage.namespace, 'web'), optOut);
  await stage.pass();
  assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Deployment/older', 'Namespace']);
});
