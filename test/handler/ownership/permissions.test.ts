import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { type Rule, serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import {
  getting,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  reasonsIn,
} from '../run-pass.ts';
import { ownershipShop, recordAnnotation, type Stage } from './stage.ts';

const { api } = testCluster();

const patching: Rule = { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['patch'] };
const kubeSystem: Rule = {
  apiGroups: [''],
  resources: ['namespaces'],
  verbs: ['get'],
  resourceNames: ['kube-system'],
};
const base = [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps', 'secrets')];

async function accountWith(t: TestContext, stage: Stage, rules: readonly Rule[]) {
  return (await serviceAccount(t, { namespace: stage.namespace, rules })).kubeconfig;
}

test('owner references only need patch on sources, and get on kube-system by a Role there, in addition to the base permissions', async (t) => {
  const stage = await ownershipShop(t);
  const kubeconfig = await accountWith(t, stage, [...base, patching, kubeSystem]);
  assert.deepEqual(reasonsIn(await stage.pass({}, { kubeconfig })), {
    'Deployment/web': 'FirstSeen',
  });
  assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Deployment/web', 'Namespace']);
});

test('without the permission to patch sources, the hash is written anyway, and the message names the permission', async (t) => {
  const stage = await ownershipShop(t);
  const kubeconfig = await accountWith(t, stage, [...base, kubeSystem]);
  const report = await stage.pass({}, { kubeconfig });
  const { reason, sentence, written } = outcomeOf(report, 'web');
  assert.deepEqual([reason, written, isComplete(report)], ['Failed', true, false]);
  assert.match(
    sentence,
    /ConfigMap\/settings got no owner reference: configmaps "settings" is forbidden: .* cannot patch resource "configmaps"/,
  );
  assert.match(sentence, /; the hash was written: first seen, 2 sources/);
});

test('without the permission to get kube-system, no owner reference and no finalizer is added, and the hash is written', async (t) => {
  const stage = await ownershipShop(t);
  const kubeconfig = await accountWith(t, stage, [...base, patching]);
  const { reason, sentence, written } = outcomeOf(await stage.pass({}, { kubeconfig }), 'web');
  assert.deepEqual([reason, written], ['Failed', true]);
  assert.match(
    sentence,
    /got no owner reference, because namespace kube-system could not be read: .*forbidden/,
  );
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
});

test('with ownership: off, the base permissions are enough', async (t) => {
  const stage = await ownershipShop(t);
  const kubeconfig = await accountWith(t, stage, base);
  const report = await stage.pass({ ownership: 'off' }, { kubeconfig });
  assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'FirstSeen' });
});

test('a record that was tampered with does not count: the owner references are searched for', async (t) => {
  const stage = await ownershipShop(t);
  await stage.pass();
  await api.patch(path('Deployment', stage.namespace, 'web'), {
    metadata: { annotations: { [recordAnnotation]: '["ConfigMap/../secrets/x"]' } },
  });
  await api.delete(path('Deployment', stage.namespace, 'web'));
  assert.deepEqual(reasonsIn(await stage.pass()), { 'Deployment/web': 'Deleting' });
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
  assert.deepEqual(await stage.owners('Secret', 'credentials'), []);
});
