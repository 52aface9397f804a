/**
 * `ownership: references`: its effect, also on objects with metadata from an earlier version or from another value
 * of `ownership`, and the owner reference to the Namespace kube-system.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { loadSettings } from '../../../lib/settings/load.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { rollouts, serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { answer, status } from '../../faults/faults.ts';
import {
  getting,
  outcomeOf,
  permissionsOfOwnership,
  permissionsOnEvents,
  permissionsOnWorkloads,
  reasonsIn,
  workloadKinds,
} from '../run-pass.ts';
import { ownershipShop, ownershipStage, type Stage, usingOptional } from './stage.ts';

const { api, cluster } = testCluster();
const references = { ownership: 'references' } as const;
const finalizer = { ownership: 'finalizer' } as const;
const owned = ['ConfigMap/settings', 'Secret/credentials'];
const sources = [
  ['ConfigMap', 'settings'],
  ['Secret', 'credentials'],
] as const;

for (const kind of workloadKinds) {
  test(`with references, a ${kind} gets no finalizer, and gets its record before its sources get owner references`, async (t) => {
    const stage = await ownershipStage(t);
    for (const [sourceKind, name] of sources) await stage.source(sourceKind, name);
    const pod = usingOptional({ configMaps: ['settings'], secrets: ['credentials'] });
    await stage.workload(kind, 'web', pod);
    const outcome = outcomeOf(await stage.pass(references), 'web');
    assert.deepEqual(outcome.ownership, {
      referencesAdded: owned,
      referencesRemoved: [],
      finalizer: 'kept',
    });
    assert.deepEqual(await stage.carried(kind, 'web'), { finalizer: false, record: owned });
    for (const [sourceKind, name] of sources) {
      assert.deepEqual(await stage.owners(sourceKind, name), [`${kind}/web`, 'Namespace'].sort());
    }
    assert.equal(await rollouts(kind, stage.namespace, 'web'), 2);
    assert.deepEqual(reasonsIn(await stage.pass(references)), { [`${kind}/web`]: 'UpToDate' });
  });
}

test('a pass reads kube-system once if it has to write a reference, and otherwise not at all', async (t) => {
  const stage = await ownershipShop(t);
  const base = [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps', 'secrets')];
  const { user, kubeconfig } = await serviceAccount(t, {
    namespace: stage.namespace,
    rules: [...base, ...permissionsOfOwnership],
  });
  const audit = await auditFromHere(cluster);
  const reads = async () => {
    const all = await audit.entries({ user, verb: ['get'], resource: 'namespaces' });
    return all.filter(({ objectRef }) => objectRef?.name === 'kube-system');
  };
  await stage.pass(references, { kubeconfig });
  assert.equal((await reads()).length, 1);
  await stage.pass(references, { kubeconfig });
  assert.equal((await reads()).length, 1);
});

test('after a change from finalizer to references, a workload only loses the finalizer', async (t) => {
  const stage = await ownershipShop(t);
  await stage.pass(finalizer);
  const outcome = outcomeOf(await stage.pass(references), 'web');
  assert.deepEqual(outcome.ownership, {
    referencesAdded: [],
    referencesRemoved: [],
    finalizer: 'removed',
  });
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false, record: owned });
  assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Deployment/web', 'Namespace']);
  await stage.pass(finalizer);
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: true, record: owned });
});

/** Marks the sources as version 0.1.0 did: the workload's own namespace is an owner, instead of kube-system. */
async function asVersion010(stage: Stage): Promise<void> {
  await stage.pass(finalizer);
  const { metadata } = await api.get(path('Namespace', undefined, stage.namespace));
  const former = {
    ...{ apiVersion: 'v1', kind: 'Namespace', name: stage.namespace, uid: metadata.uid },
    ...{ controller: false, blockOwnerDeletion: false },
  };
  for (const [kind, name] of sources) {
    const gone = { $patch: 'delete', uid: stage.lastingUid };
    const patch = { metadata: { ownerReferences: [gone, former] } };
    await api.patch(`${path(kind, stage.namespace, name)}?fieldManager=wave-cron`, patch);
    const owners = ['Deployment/web', `Namespace/${stage.namespace}`];
    assert.deepEqual(await stage.owners(kind, name), owners);
  }
}

for (const ownership of ['references', 'finalizer'] as const) {
  test(`with ${ownership}, references of 0.1.0 to the own namespace are replaced, and nothing rolls`, async (t) => {
    const stage = await ownershipShop(t);
    await asVersion010(stage);
    const rolled = await rollouts('Deployment', stage.namespace, 'web');
    const first = await stage.pass({ ownership });
    assert.ok(isComplete(first), JSON.stringify(first));
    for (const [kind, name] of sources) {
      assert.deepEqual(await stage.owners(kind, name), ['Deployment/web', 'Namespace']);
    }
    // The finalizer stays until all references are exchanged, so that a deletion waits for that.
    assert.equal((await stage.carried('Deployment', 'web')).finalizer, true);
    await stage.pass({ ownership });
    const carried = { finalizer: ownership === 'finalizer', record: owned };
    assert.deepEqual(await stage.carried('Deployment', 'web'), carried);
    assert.deepEqual(reasonsIn(await stage.pass({ ownership })), { 'Deployment/web': 'UpToDate' });
    assert.equal(await rollouts('Deployment', stage.namespace, 'web'), rolled);
  });
}

test('after a change from 0.1.0 with its default to ownership: off, everything is cleaned up, and nothing rolls', async (t) => {
  const stage = await ownershipShop(t);
  await asVersion010(stage);
  assert.ok(isComplete(await stage.pass({ ownership: 'off' })));
  for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), []);
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
  assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 2);
});

test('without a namespace kube-system, no reference is written, and a Warning names the setting', async (t) => {
  const stage = await ownershipShop(t);
  const proxy = await faultProxy(t);
  const message = 'namespaces "kube-system" not found';
  const gone = answer(status(404, 'NotFound', message, { name: 'kube-system' }));
  proxy.on('GET', /namespaces\/kube-system/, gone);
  const report = await stage.pass(references, { kubeconfig: proxy.kubeconfig() });
  const { reason, sentence, written } = outcomeOf(report, 'web');
  assert.deepEqual([reason, written, isComplete(report)], ['OwnershipLimited', true, true]);
  assert.match(
    sentence,
    /got no owner reference, because this cluster has no namespace kube-system: set ownership: off/,
  );
  for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), []);
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
});

test('a response without the uid of kube-system is not used', async (t) => {
  const stage = await ownershipShop(t);
  const proxy = await faultProxy(t);
  const body = JSON.stringify({
    ...{ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' },
    metadata: { name: 'kube-system' },
  });
  const headers = { 'content-type': 'application/json' };
  proxy.on('GET', /namespaces\/kube-system/, answer({ status: 200, headers, body }));
  const report = await stage.pass(references, { kubeconfig: proxy.kubeconfig() });
  assert.equal(outcomeOf(report, 'web').reason, 'Failed');
  for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), []);
});

test('ownership: on, a value of 0.1.0, is rejected with the values that replaced it', () => {
  assert.throws(
    () => loadSettings({ flags: { ownership: 'on' }, env: {} }),
    /ownership is "on": must be one of off, references, finalizer; the value on is now called finalizer; the value references does the same without a finalizer/,
  );
});
