/** The settings and permissions for objects of the Secrets Store CSI driver. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import { optedIn, outcomeOf, prefix, reasonsIn, requestsIn } from '../run-pass.ts';
import { allKinds, defineSecretsStore, mountStage } from './driver.ts';

const { api } = testCluster();
const web = 'Deployment/web';

before(defineSecretsStore);

test('without the setting, the decision says that these objects do not count, and no request is sent', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  const audit = await auditFromHere(testCluster().cluster);
  const report = await stage.pass({ sourceKinds: ['ConfigMap', 'Secret'] });
  assert.deepEqual(reasonsIn(report), { [web]: 'FirstSeen' });
  assert.match(
    outcomeOf(report, 'web').sentence,
    /changed objects of SecretProviderClass "vault" do not restart it, because the setting sourceKinds does not include SecretProviderClass/,
  );
  assert.deepEqual(Object.keys(await stage.record()).sort(), ['ConfigMap/settings', 'hash']);
  const requests = await audit.entries(requestsIn(stage.namespace));
  const resources = new Set(requests.map(({ objectRef }) => objectRef?.resource));
  assert.equal(resources.has('secretproviderclasses'), false);
  assert.equal(resources.has('secretproviderclasspodstatuses'), false);
  assert.equal(resources.has('pods'), false);
});

test('with the setting, a workload without mounted objects needs no additional request', async (t) => {
  const stage = await mountStage(t);
  await stage.patch({
    spec: { template: { spec: { volumes: [{ name: 'vault', $patch: 'delete' }] } } },
  });
  await stage.pass();
  const count = async (sourceKinds: readonly (typeof allKinds)[number][]) => {
    const audit = await auditFromHere(testCluster().cluster);
    await stage.pass({ sourceKinds: [...sourceKinds] });
    return (await audit.entries(requestsIn(stage.namespace))).length;
  };
  assert.equal(await count(allKinds), await count(['ConfigMap', 'Secret']));
});

test('if the setting is turned on, a workload with a hash restarts once, as after a new reference', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  await stage.pass({ sourceKinds: ['ConfigMap', 'Secret'] });
  await stage.mountAll({ password: '1' });
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { [web]: 'ConfigChanged' });
  assert.match(outcomeOf(report, 'web').sentence, /SecretProviderClass\/vault is now referenced/);
  await stage.mountAll({ password: '1' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
});

const basic = [
  {
    apiGroups: ['apps'],
    resources: ['deployments', 'statefulsets', 'daemonsets'],
    verbs: ['list', 'get', 'patch'],
  },
  { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get'] },
  { apiGroups: ['apps'], resources: ['replicasets', 'controllerrevisions'], verbs: ['list'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
] as const;
const onMounts = [
  {
    apiGroups: ['secrets-store.csi.x-k8s.io'],
    resources: ['secretproviderclasses'],
    verbs: ['get'],
  },
  {
    apiGroups: ['secrets-store.csi.x-k8s.io'],
    resources: ['secretproviderclasspodstatuses'],
    verbs: ['list'],
  },
  { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
] as const;

test('with the permissions of the component, a pass reads everything', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  const rules = [...basic, ...onMounts];
  const { kubeconfig } = await serviceAccount(t, { namespace: stage.namespace, rules });
  const report = await stage.pass({}, { kubeconfig });
  assert.deepEqual(reasonsIn(report), { [web]: 'FirstSeen' });
  assert.equal(isComplete(report), true);
});

for (const [index, missing] of ['classes', 'statuses', 'Pods'].entries()) {
  test(`without the permission for ${missing}, the workload stays unchanged, and the pass is incomplete`, async (t) => {
    const stage = await mountStage(t);
    await stage.mountAll({ password: '1' });
    const rules = [...basic, ...onMounts.filter((_, at) => at !== index)];
    const { kubeconfig } = await serviceAccount(t, { namespace: stage.namespace, rules });
    const report = await stage.pass({}, { kubeconfig });
    assert.deepEqual(reasonsIn(report), { [web]: 'UnreadableSource' });
    assert.match(outcomeOf(report, 'web').sentence, /SecretProviderClass\/vault/);
    assert.equal(isComplete(report), false);
    assert.equal(await stage.hash(), undefined);
  });
}

test('a class never gets owner references', async (t) => {
  const stage = await mountStage(t);
  await stage.mountAll({ password: '1' });
  const ownership = { ownership: 'references' } as const;
  await stage.pass(ownership);
  await stage.mountAll({ password: '1' });
  assert.deepEqual(reasonsIn(await stage.pass(ownership)), { [web]: 'UpToDate' });
  assert.equal((await api.get(stage.class)).metadata.ownerReferences, undefined);
  const { metadata } = await api.get(stage.path);
  assert.equal(metadata.annotations?.[`${prefix}/owned-sources`], '["ConfigMap/settings"]');
});

test('with sourceKinds without Secret, a pass reads no Secret', async (t) => {
  const stage = await mountStage(t, {
    annotations: { ...optedIn, [`${prefix}/extra-secrets`]: 'password' },
  });
  const audit = await auditFromHere(testCluster().cluster);
  await stage.pass({ sourceKinds: ['ConfigMap'] });
  assert.deepEqual(Object.keys(await stage.record()).sort(), ['ConfigMap/settings', 'hash']);
  const requests = await audit.entries({ ...requestsIn(stage.namespace), resource: 'secrets' });
  assert.deepEqual(requests, []);
});

test('an annotation of the workload can exclude a class', async (t) => {
  const stage = await mountStage(t, {
    annotations: { ...optedIn, [`${prefix}/ignore-secretproviderclasses`]: 'vault' },
  });
  await stage.mountAll({ password: '1' });
  await stage.pass();
  assert.deepEqual(Object.keys(await stage.record()).sort(), ['ConfigMap/settings', 'hash']);
});
