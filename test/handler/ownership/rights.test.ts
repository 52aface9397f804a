import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isComplete } from '../../../lib/report.ts';
import { path } from '../../control-plane/api.ts';
import { type Rule, serviceAccount, testCluster } from '../../control-plane/testing.ts';
import { getting, outcomeOf, reasonsIn, rightsOnEvents, rightsOnWorkloads } from '../run-pass.ts';
import {
  finalizer,
  ownershipShop,
  ownershipStage,
  recordAnnotation,
  type Stage,
  using,
} from './stage.ts';

const { api } = testCluster();

const patching: Rule = { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['patch'] };
const listing: Rule = { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['list'] };
const namespaces: Rule = { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] };
const base = [...rightsOnWorkloads, rightsOnEvents, getting('configmaps', 'secrets')];

async function accountWith(t: TestContext, stage: Stage, rules: readonly Rule[]) {
  return (await serviceAccount(t, { namespace: stage.namespace, rules })).kubeconfig;
}

/** As upstream Wave 0.5 leaves a workload: a finalizer, references, and no record of them. */
async function markedByWave(t: TestContext): Promise<Stage> {
  const stage = await ownershipStage(t);
  for (const name of ['settings', 'former']) await stage.source('ConfigMap', name);
  await stage.source('Secret', 'credentials');
  const pod = using({ configMaps: ['settings'], secrets: ['credentials'] });
  const uid = await stage.workload('Deployment', 'web', pod, {
    finalizers: [finalizer],
    annotations: { 'wave.pusher.com/update-on-config-change': 'true' },
  });
  const reference = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid },
    blockOwnerDeletion: true,
  };
  for (const [kind, name] of [
    ['ConfigMap', 'settings'],
    ['ConfigMap', 'former'],
    ['Secret', 'credentials'],
  ] as const) {
    const patch = { metadata: { ownerReferences: [reference] } };
    await api.patch(path(kind, stage.namespace, name), patch, 'merge');
  }
  return stage;
}

test('all that marking needs beyond the base is patch on sources and get on namespaces', async (t) => {
  const stage = await ownershipShop(t);
  const kubeconfig = await accountWith(t, stage, [...base, patching, namespaces]);
  assert.deepEqual(reasonsIn(await stage.pass({}, { kubeconfig })), {
    'Deployment/web': 'FirstSeen',
  });
  assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Deployment/web', 'Namespace']);
});

test('without the right to patch sources the hash is written all the same, and what to grant is told', async (t) => {
  const stage = await ownershipShop(t);
  const kubeconfig = await accountWith(t, stage, [...base, namespaces]);
  const report = await stage.pass({}, { kubeconfig });
  const { reason, sentence, written } = outcomeOf(report, 'web');
  assert.deepEqual([reason, written, isComplete(report)], ['Failed', true, false]);
  assert.match(
    sentence,
    /ConfigMap\/settings could not be marked: configmaps "settings" is forbidden: .* cannot patch resource "configmaps"/,
  );
  assert.match(sentence, /; the hash was written all the same: first seen, 2 sources/);
});

test('without the right to get the namespace nothing is marked, no finalizer is put on, and the hash is written', async (t) => {
  const stage = await ownershipShop(t);
  const kubeconfig = await accountWith(t, stage, [...base, patching]);
  const { reason, sentence, written } = outcomeOf(await stage.pass({}, { kubeconfig }), 'web');
  assert.deepEqual([reason, written], ['Failed', true]);
  assert.match(sentence, /could not be marked, since namespace .* could not be read: .*forbidden/);
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
});

test('with ownership off the base is enough', async (t) => {
  const stage = await ownershipShop(t);
  const kubeconfig = await accountWith(t, stage, base);
  const report = await stage.pass({ ownership: 'off' }, { kubeconfig });
  assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'FirstSeen' });
});

test('marks of upstream Wave are taken over where sources may be listed: what is used stays, what is not goes', async (t) => {
  const stage = await markedByWave(t);
  const outcome = outcomeOf(await stage.pass(), 'web');
  assert.deepEqual(outcome.ownership?.unmarked, ['ConfigMap/former']);
  assert.deepEqual(await stage.owners('ConfigMap', 'former'), []);
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), ['Deployment/web', 'Namespace']);
  assert.deepEqual(await stage.carried('Deployment', 'web'), {
    finalizer: true,
    record: ['ConfigMap/settings', 'Secret/credentials'],
  });
});

for (const [how, away] of [
  ['opted out', { annotation: 'false', settings: {} }],
  ['cleaned up by ownership: off', { annotation: 'true', settings: { ownership: 'off' } }],
] as const) {
  test(`a workload with marks of upstream Wave is ${how}: all of them go`, async (t) => {
    const stage = await markedByWave(t);
    await api.patch(path('Deployment', stage.namespace, 'web'), {
      metadata: { annotations: { 'wave.pusher.com/update-on-config-change': away.annotation } },
    });
    await stage.pass(away.settings);
    for (const name of ['settings', 'former']) {
      assert.deepEqual(await stage.owners('ConfigMap', name), []);
    }
    assert.deepEqual(await stage.owners('Secret', 'credentials'), []);
    assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
  });
}

test('where sources may not be listed, marks of upstream Wave keep the finalizer, and what to grant is told', async (t) => {
  const stage = await markedByWave(t);
  const kubeconfig = await accountWith(t, stage, [...base, patching, namespaces]);
  const taken = outcomeOf(await stage.pass({}, { kubeconfig }), 'web');
  assert.equal(taken.reason, 'FirstSeen');
  assert.deepEqual((await stage.carried('Deployment', 'web')).record, [
    'ConfigMap/settings',
    'Secret/credentials',
    '*',
  ]);
  assert.deepEqual(reasonsIn(await stage.pass({}, { kubeconfig })), {
    'Deployment/web': 'UpToDate',
  });

  await api.delete(path('Deployment', stage.namespace, 'web'));
  const report = await stage.pass({}, { kubeconfig });
  const { reason, sentence } = outcomeOf(report, 'web');
  assert.deepEqual([reason, isComplete(report)], ['Failed', false]);
  assert.match(
    sentence,
    /^which ConfigMaps and Secrets carry its mark is not recorded, and they could not be listed: .*; grant list on configmaps and secrets of namespace \S+, until then the finalizer stays$/,
  );
  assert.equal((await stage.carried('Deployment', 'web')).finalizer, true);
  assert.deepEqual(await stage.owners('ConfigMap', 'former'), ['Deployment/web']);

  const granted = await accountWith(t, stage, [...base, patching, namespaces, listing]);
  assert.deepEqual(reasonsIn(await stage.pass({}, { kubeconfig: granted })), {
    'Deployment/web': 'Deleting',
  });
  assert.equal(await stage.find('Deployment', 'web'), undefined);
  assert.deepEqual(await stage.owners('ConfigMap', 'former'), []);
});

test('a record that somebody tampered with counts as none: what it hides is searched for', async (t) => {
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
