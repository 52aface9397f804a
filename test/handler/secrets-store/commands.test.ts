/** The output of commands about objects of the Secrets Store CSI driver, and Reloader's annotations about these objects. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Explanation } from '../../../lib/explanation/explanation.ts';
import { serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import { runCheck } from '../../jobs/run-check.ts';
import { runExplain, runHistory } from '../../jobs/run-explain.ts';
import { reasonsIn } from '../run-pass.ts';
import { defineSecretsStore, mount, mountStage } from './driver.ts';

const { api, cluster } = testCluster();
const web = 'Deployment/web';
const flags = { sourceKinds: 'ConfigMap,Secret,SecretProviderClass' };

before(defineSecretsStore);

test('explain shows the mounted objects of the Pods, and the decision of a pass', async (t) => {
  const stage = await mountStage(t);
  const { namespace } = stage;
  const explained = async () => {
    const asked = { workload: 'deployment/web', namespace, flags };
    const { status, text } = await runExplain(asked, 'json');
    assert.equal(status, 0, text);
    const { nextPass, references }: Explanation = JSON.parse(text);
    const its = references.find(({ source }) => source === 'SecretProviderClass/vault');
    assert.deepEqual(its?.places, ['volumes[vault].csi']);
    return { reason: nextPass.reason, said: its?.sentence ?? '', change: its?.change };
  };
  await stage.pods();
  assert.match(
    (await explained()).said,
    /^it is not known which objects its Pods have: the driver/,
  );
  await stage.mountAll({ password: '1' });
  await stage.pass();
  await stage.mountAll({ password: '1' });
  assert.deepEqual(await explained(), {
    reason: 'UpToDate',
    said: 'its Pods have the same objects as at their start',
    change: null,
  });
  const [first] = await stage.pods();
  assert.ok(first);
  await mount(first, 'vault', { password: '2' });
  const during = await explained();
  assert.equal(during.reason, 'Settling');
  assert.match(during.said, /^Pods web-\S+ and web-\S+ have different objects$/);
  await stage.mountAll({ password: '2' });
  const after = await explained();
  assert.deepEqual([after.reason, after.change], ['ConfigChanged', 'changed']);
  assert.match(after.said, /which are others than at the start of Pod web-/);
});

test('a plan has the same decision as a pass, and writes nothing', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  await stage.pass();
  await stage.mountAll({ password: '2' });
  const { metadata } = await api.get(stage.path);
  const report = await stage.pass({}, { write: false });
  assert.deepEqual(reasonsIn(report), { [web]: 'AlreadyCurrent' });
  const now = await api.get(stage.path);
  assert.deepEqual(now.metadata.annotations, metadata.annotations);
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'AlreadyCurrent' });
});

test('history names the class whose objects changed', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  await stage.pass();
  await stage.mountAll({ password: '1' });
  await stage.mountAll({ password: '2' });
  await stage.pass();
  await stage.pods();
  const asked = { workload: 'deployment/web', namespace: stage.namespace };
  const { text } = await runHistory(asked);
  assert.match(text, /SecretProviderClass\/vault changed/);
});

test('check names the missing permissions', async (t) => {
  const stage = await mountStage(t, { replicas: 0 });
  const { namespace } = stage;
  const { kubeconfig } = await serviceAccount(t, { namespace });
  const { permissions = [] } = await runCheck(kubeconfig, { ...flags, namespaces: namespace });
  const missing = permissions
    .filter(({ state }) => state !== 'granted')
    .map(({ verb, resource }) => `${verb} ${resource}`);
  for (const each of [
    'get secretproviderclasses',
    'list secretproviderclasspodstatuses',
    'list pods',
  ]) {
    assert.ok(missing.includes(each), each);
  }
  const without = await runCheck(cluster.kubeconfig, { namespaces: namespace });
  const asked = without.permissions?.map(({ resource }) => resource) ?? [];
  assert.equal(asked.includes('secretproviderclasses'), false);
});

test('Reloader’s list of classes opts a workload in, and a rotation restarts it', async (t) => {
  const annotations = { 'secretproviderclass.reloader.stakater.com/reload': 'vault' };
  const stage = await mountStage(t, { annotations });
  const settings = { compatibility: ['reloader'] } as const;
  await stage.mountAll({ password: '1' });
  assert.deepEqual(reasonsIn(await stage.pass(settings)), { [web]: 'FirstSeen' });
  const record = Object.keys(await stage.record()).filter((name) => !name.includes(':'));
  assert.deepEqual(record.sort(), ['SecretProviderClass/vault', 'hash']);
  await stage.mountAll({ password: '1' });
  await stage.mountAll({ password: '2' });
  assert.deepEqual(reasonsIn(await stage.pass(settings)), { [web]: 'ConfigChanged' });
});
