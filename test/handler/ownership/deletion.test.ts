import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { namespace as namespaceObject } from '../../../tools/control-plane/objects.ts';
import { rollouts, testCluster } from '../../../tools/control-plane/testing.ts';
import { reasonsIn, runPass, type WorkloadKind, workloadKinds } from '../run-pass.ts';
import { finalizer, ownershipStage, type SourceKind, type Stage, usingOptional } from './stage.ts';

const { api } = testCluster();

const sources = [
  ['ConfigMap', 'settings'],
  ['Secret', 'credentials'],
] as const satisfies readonly (readonly [SourceKind, string])[];

const cascades = ['Background', 'Foreground', 'Orphan'] as const;
type Cascade = (typeof cascades)[number];

async function ownerOfBoth(stage: Stage, kind: WorkloadKind): Promise<string> {
  for (const [sourceKind, name] of sources) await stage.source(sourceKind, name);
  const pod = usingOptional({ configMaps: ['settings'], secrets: ['credentials'] });
  const uid = await stage.workload(kind, 'web', pod);
  await stage.pass();
  for (const [sourceKind, name] of sources) {
    assert.deepEqual(await stage.owners(sourceKind, name), [`${kind}/web`, 'Namespace'].sort());
  }
  return uid;
}

/**
 * Deletes a workload, and waits until only wave-cron's finalizer is left on the workload, or until
 * the workload is gone.
 */
async function remove(
  stage: Stage,
  kind: WorkloadKind,
  cascade: Cascade,
  finalizers: 'kept' | 'off',
) {
  const workload = path(kind, stage.namespace, 'web');
  if (finalizers === 'off') {
    await api.patch(workload, { metadata: { finalizers: null } }, 'merge');
  }
  await api.delete(workload, { propagationPolicy: cascade });
  const isDone = (it: KubernetesObject | undefined) =>
    it === undefined || it.metadata.finalizers?.every((each) => each === finalizer) === true;
  await api.waitFor(workload, isDone, { what: 'the garbage collector to be done with it' });
}

for (const kind of workloadKinds) {
  for (const cascade of cascades) {
    test(`a ${kind} is deleted (${cascade}): its sources stay, without its owner references`, async (t) => {
      const stage = await ownershipStage(t);
      await ownerOfBoth(stage, kind);
      await remove(stage, kind, cascade, 'kept');
      assert.deepEqual(reasonsIn(await stage.pass()), { [`${kind}/web`]: 'Deleting' });
      assert.equal(await stage.find(kind, 'web'), undefined);
      for (const [sourceKind, name] of sources) {
        assert.deepEqual(await stage.owners(sourceKind, name), []);
      }
    });

    test(`a ${kind} is deleted (${cascade}) after its finalizer was removed: its sources stay, and nothing refers to it`, async (t) => {
      const stage = await ownershipStage(t);
      await ownerOfBoth(stage, kind);
      await remove(stage, kind, cascade, 'off');
      await stage.pass();
      assert.equal(await stage.find(kind, 'web'), undefined);
      for (const [sourceKind, name] of sources) {
        await api.waitFor(
          path(sourceKind, stage.namespace, name),
          (it) =>
            it?.metadata.ownerReferences?.every((each) => each.kind === 'Namespace') !== false,
          { what: 'the garbage collector to take the dangling reference away' },
        );
        assert.deepEqual(await stage.owners(sourceKind, name), ['Namespace']);
      }
    });
  }
}

for (const [sourceKind, name] of sources) {
  test(`without the reference to the namespace, a foreground deletion destroys a ${sourceKind} in spite of the finalizer`, async (t) => {
    const stage = await ownershipStage(t);
    const uid = await ownerOfBoth(stage, 'Deployment');
    const source = path(sourceKind, stage.namespace, name);
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid };
    await api.patch(source, { metadata: { ownerReferences: [reference] } }, 'merge');
    await api.delete(path('Deployment', stage.namespace, 'web'), {
      propagationPolicy: 'Foreground',
    });
    await api.waitFor(source, (it) => it === undefined, { what: 'its destruction' });
  });
}

test('a namespace with 30 managed workloads is gone after one pass', async (t) => {
  const { namespace, ...stage } = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.source('Secret', 'credentials');
  const pod = usingOptional({ configMaps: ['settings'], secrets: ['credentials'] });
  for (let index = 0; index < 30; index += 1) {
    await stage.workload(workloadKinds[index % 3] ?? 'Deployment', `web-${index}`, pod);
  }
  await stage.pass();
  await api.delete(path('Namespace', undefined, namespace));
  await api.waitFor<{ items: KubernetesObject[] }>(
    `/apis/apps/v1/namespaces/${namespace}/deployments`,
    (list) =>
      list?.items.every(({ metadata }) => metadata['deletionTimestamp'] !== undefined) === true,
    { what: 'the deletion to reach the Deployments' },
  );
  await api.waitFor(
    path('Namespace', undefined, namespace),
    (it) => JSON.stringify(it?.status).includes('SomeFinalizersRemain'),
    { what: 'the namespace to wait for finalizers', timeoutMs: 60_000 },
  );
  const report = await stage.pass();
  assert.deepEqual(new Set(Object.values(reasonsIn(report))), new Set(['Deleting']));
  assert.equal(report.eventsLost, 0);
  await api.waitFor(path('Namespace', undefined, namespace), (it) => it === undefined, {
    what: 'the end of the namespace',
    timeoutMs: 60_000,
  });
});

test('a workload that gets its finalizer while its namespace is being deleted is released by the next pass', async (t) => {
  const name = `${(await ownershipStage(t)).namespace}-ending`;
  await api.create({
    ...namespaceObject(name),
    metadata: { name, finalizers: ['example.com/keep'] },
  });
  t.after(() =>
    api.patch(path('Namespace', undefined, name), { metadata: { finalizers: null } }, 'merge'),
  );
  await api.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: name, name: 'settings', finalizers: ['example.com/keep'] },
  });
  const pod = usingOptional({ configMaps: ['settings'] });
  await api.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      namespace: name,
      name: 'web',
      annotations: { 'wave.pusher.com/update-on-config-change': 'true' },
    },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: pod },
    },
  });
  await rollouts('Deployment', name, 'web');
  // The Namespace is deleted in the middle of the pass, before the objects in it.
  const report = await runPass(name, {
    settings: { ownership: 'finalizer' },
    observer: { listed: () => void api.delete(path('Namespace', undefined, name)) },
  });
  assert.equal(report.pass, 'Completed');
  await api.waitFor(
    path('Deployment', name, 'web'),
    (it) => it === undefined || it.metadata['deletionTimestamp'] !== undefined,
    { what: 'the deletion to reach the Deployment' },
  );
  await runPass(name, { settings: { ownership: 'finalizer' } });
  await api.waitFor(path('Deployment', name, 'web'), (it) => it === undefined, {
    what: 'the end of the Deployment',
  });
  await api.patch(path('ConfigMap', name, 'settings'), { metadata: { finalizers: null } }, 'merge');
});
