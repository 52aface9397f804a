/** When objects that the Secrets Store CSI driver has mounted restart a workload. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { rollouts, testCluster } from '../../../tools/control-plane/testing.ts';
import { outcomeOf, prefix, reasonsIn } from '../run-pass.ts';
import { createClass, defineSecretsStore, mount, mountStage, volume } from './driver.ts';

const { api } = testCluster();
const web = 'Deployment/web';

before(defineSecretsStore);

for (const kind of ['Deployment', 'StatefulSet'] as const) {
  test(`${kind}: the driver rotates three Pods one after the other, and there is only one rollout`, async (t) => {
    const name = `${kind}/web`;
    const stage = await mountStage(t, { kind });
    await stage.mountAll({ password: '1' });
    assert.deepEqual(reasonsIn(await stage.pass()), { [name]: 'FirstSeen' });
    await stage.mountAll({ password: '1' });
    assert.deepEqual(reasonsIn(await stage.pass()), { [name]: 'UpToDate' });
    const first = await stage.hash();

    const pods = await stage.pods();
    const [a, b, c] = pods;
    assert.ok(a && b && c);
    for (const each of [a, b]) {
      await mount(each, 'vault', { password: '2' });
      const report = await stage.pass();
      assert.deepEqual(reasonsIn(report), { [name]: 'Settling' });
      assert.match(
        outcomeOf(report, 'web').sentence,
        /^Pods web-\S+ and web-\S+ have different objects of SecretProviderClass\/vault/,
      );
      assert.equal(await stage.hash(), first);
    }
    await mount(c, 'vault', { password: '2' });
    const report = await stage.pass();
    assert.deepEqual(reasonsIn(report), { [name]: 'ConfigChanged' });
    assert.match(
      outcomeOf(report, 'web').sentence,
      /^mounted objects of SecretProviderClass\/vault changed/,
    );
    assert.notEqual(await stage.hash(), first);

    await stage.mountAll({ password: '2' });
    assert.deepEqual(reasonsIn(await stage.pass()), { [name]: 'UpToDate' });
    assert.equal(await rollouts(kind, stage.namespace, 'web'), 3);
  });
}

test('the order in which the driver reports objects makes no difference', async (t) => {
  const stage = await mountStage(t, { replicas: 2 });
  const [a, b] = await stage.pods();
  assert.ok(a && b);
  await mount(a, 'vault', { password: '1', user: '7' });
  await mount(b, 'vault', { user: '7', password: '1' });
  await stage.pass();
  const pods = await stage.pods();
  for (const each of pods) await mount(each, 'vault', { user: '7', password: '1' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
});

test('a changed spec of a class restarts the workload, and a changed label does not', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  await stage.pass();
  await stage.mountAll({ password: '1' });
  await api.patch(stage.class, { metadata: { labels: { a: 'b' } } }, 'merge');
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  await api.patch(stage.class, { spec: { parameters: { objects: 'password, user' } } }, 'merge');
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { [web]: 'ConfigChanged' });
  assert.match(outcomeOf(report, 'web').sentence, /^SecretProviderClass\/vault changed/);
});

test('a changed class also restarts a workload without Pods', async (t) => {
  const stage = await mountStage(t, { replicas: 0 });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'FirstSeen' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  await api.patch(stage.class, { spec: { parameters: { objects: 'user' } } }, 'merge');
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'ConfigChanged' });
});

test('nothing changes if a Pod has no status yet, or if there are no Pods', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  await stage.pass();
  await stage.mountAll({ password: '1' });
  const before = await stage.hash();
  await stage.patch({ spec: { replicas: 4 } });
  await stage.pods();
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  await stage.patch({ spec: { replicas: 0 } });
  await stage.pods();
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  assert.equal(await stage.hash(), before);
  assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 2);
});

test('while the versions are not known, another changed source restarts the workload once', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  await stage.pass();
  await stage.pods();
  await stage.change('debug');
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'ConfigChanged' });
  await stage.mountAll({ password: '1' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
});

test('Pods that started with newer objects are current, so nothing restarts, even after the next rollout', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  await stage.pass();
  // The driver gives new Pods the current objects of the store.
  await stage.mountAll({ password: '2' });
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { [web]: 'AlreadyCurrent' });
  assert.match(
    outcomeOf(report, 'web').sentence,
    /^mounted objects of SecretProviderClass\/vault changed; every Pod started with the current objects: recorded without a restart/,
  );
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 2);

  const image = [{ name: 'main', image: 'example.com/main:2' }];
  await stage.patch({ spec: { template: { spec: { containers: image } } } });
  await stage.pods();
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'Settling' });
  await stage.mountAll({ password: '2' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'AlreadyCurrent' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 3);

  await stage.mountAll({ password: '1' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'ConfigChanged' });
  await stage.mountAll({ password: '1' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 4);
});

test('Pods of an earlier ReplicaSet do not count', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  await stage.pass();
  await stage.mountAll({ password: '1' });
  const hash = await stage.hash();
  const old = await stage.pods();
  // This strategy keeps the earlier Pods while new Pods start.
  await api.patch(
    stage.path,
    {
      spec: {
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: { metadata: { annotations: { other: 'yes' } } },
      },
    },
    'merge',
  );
  const names = new Set(old.map(({ metadata }) => metadata.name));
  const isNew = ({ metadata }: { metadata: { name: string } }) => !names.has(metadata.name);
  await api.waitFor(stage.path, (it) => Number(it?.status?.['updatedReplicas']) === 1);
  const [added] = (await api.list(path('Pod', stage.namespace))).filter(isNew);
  assert.ok(added);
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  // The driver rotates the earlier Pods, although they are about to end.
  for (const each of old) await mount(each, 'vault', { password: '2' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  await mount(added, 'vault', { password: '2' });
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { [web]: 'Settling' });
  assert.match(outcomeOf(report, 'web').sentence, /a rollout is in progress/);
  assert.equal(await stage.hash(), hash);
});

test('Pods of another workload with the same labels do not count', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  await stage.pass();
  await stage.mountAll({ password: '1' });
  const [pod] = await stage.pods();
  assert.ok(pod?.spec);
  const stranger = {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      ...{ namespace: stage.namespace, name: 'stranger', labels: { app: 'web' } },
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'Job', name: 'job', uid: 'f00', controller: true },
      ],
    },
    spec: pod.spec,
  };
  const { metadata } = await api.create(stranger);
  await mount({ ...stranger, metadata }, 'vault', { password: '2' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
});

test('the objects of each class are compared separately', async (t) => {
  const stage = await mountStage(t, { replicas: 2 });
  await createClass(stage.namespace, 'other');
  const volumes = [volume('vault'), volume('other')];
  await stage.patch({ spec: { template: { spec: { volumes } } } });
  const mountBoth = async (vault: string, other: string) => {
    for (const each of await stage.pods()) {
      await mount(each, 'vault', { password: vault });
      await mount(each, 'other', { key: other });
    }
  };
  await mountBoth('1', '1');
  await stage.pass();
  await mountBoth('1', '1');
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  await mountBoth('1', '2');
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { [web]: 'ConfigChanged' });
  assert.match(
    outcomeOf(report, 'web').sentence,
    /^mounted objects of SecretProviderClass\/other changed/,
  );
});

test('a class that does not exist is a missing source, and a class with the annotation ignore does not count', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  await api.delete(stage.class);
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { [web]: 'MissingSource' });
  assert.match(outcomeOf(report, 'web').sentence, /SecretProviderClass\/vault does not exist/);
  await createClass(stage.namespace, 'vault', {}, { [`${prefix}/ignore`]: 'true' });
  await stage.pass();
  assert.deepEqual(Object.keys(await stage.record()).sort(), ['ConfigMap/settings', 'hash']);
});
