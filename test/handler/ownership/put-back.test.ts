/** Another tool removes the owner references after each pass. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { configMap } from '../../../tools/control-plane/objects.ts';
import { rollouts, serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import {
  eventsAbout,
  getting,
  outcomeOf,
  permissionsOfOwnership,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  reasonsIn,
} from '../run-pass.ts';
import { ownershipShop, ownershipStage, type Stage, usingOptional } from './stage.ts';

const { api } = testCluster();
const putBack = `${prefix}/owner-references-put-back`;
const both = ['ConfigMap/settings', 'Secret/credentials'];

/** Removes the owner references, as a tool does that writes the whole source. */
async function strip({ namespace }: Stage, ...names: string[]): Promise<void> {
  for (const name of names) {
    const kind = name === 'settings' ? 'ConfigMap' : 'Secret';
    const patch = { metadata: { ownerReferences: null } };
    await api.patch(`${path(kind, namespace, name)}?fieldManager=tool`, patch, 'merge');
  }
}

async function countOn(stage: Stage): Promise<string | undefined> {
  return (await stage.get('Deployment', 'web')).metadata.annotations?.[putBack];
}

/**
 * A workload and its sources. Three passes in a row put the owner references back, and each time
 * another client removed them again.
 */
async function stopped(t: TestContext, ownership: 'references' | 'finalizer'): Promise<Stage> {
  const stage = await ownershipShop(t);
  await rollouts('Deployment', stage.namespace, 'web');
  await stage.pass({ ownership });
  for (let times = 1; times <= 3; times += 1) {
    await strip(stage, 'settings', 'credentials');
    const report = await stage.pass({ ownership });
    assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'UpToDate' });
    assert.deepEqual(outcomeOf(report, 'web').ownership?.referencesAdded, both);
    assert.equal(await countOn(stage), String(times));
  }
  await strip(stage, 'settings', 'credentials');
  return stage;
}

for (const ownership of ['references', 'finalizer'] as const) {
  test(`with ${ownership}: references that are removed after each pass are restored by three passes in a row, and then a Warning says so`, async (t) => {
    const stage = await stopped(t, ownership);
    for (let pass = 1; pass <= 2; pass += 1) {
      const report = await stage.pass({ ownership });
      const { reason, sentence, ownership: changes } = outcomeOf(report, 'web');
      assert.deepEqual(
        [reason, changes, isComplete(report)],
        ['OwnershipLimited', undefined, true],
      );
      assert.match(
        sentence,
        /^another client removed its owner references from ConfigMap\/settings, Secret\/credentials after each .*keep metadata\.ownerReferences, then remove the annotation owner-references-put-back from this workload, or set ownership: off/,
      );
    }
    assert.deepEqual(await stage.owners('Secret', 'credentials'), []);
    const events = await eventsAbout(stage.namespace, 'web');
    assert.deepEqual(
      events.filter(({ type }) => type === 'Warning').map(({ reason }) => reason),
      ['OwnershipLimited'],
    );
    assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 2);

    // The owner of the workload removes the count of attempts, because the other tool has stopped.
    const forget = { metadata: { annotations: { [putBack]: null } } };
    await api.patch(path('Deployment', stage.namespace, 'web'), forget);
    assert.deepEqual(
      outcomeOf(await stage.pass({ ownership }), 'web').ownership?.referencesAdded,
      both,
    );
    assert.deepEqual(reasonsIn(await stage.pass({ ownership })), { 'Deployment/web': 'UpToDate' });
    assert.equal(await countOn(stage), undefined);
  });
}

test('the record of references that were not restored is removed with ownership: off, and with the last source', async (t) => {
  const stage = await stopped(t, 'references');
  await stage.pass({ ownership: 'off' });
  assert.equal(await countOn(stage), undefined);
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
});

test('after a reference has stayed for a pass, the count starts again, and a source that was created again gets its references', async (t) => {
  const stage = await ownershipShop(t);
  await stage.pass({ ownership: 'references' });
  for (let times = 1; times <= 5; times += 1) {
    const name = 'settings';
    await api.delete(path('ConfigMap', stage.namespace, name));
    await api.create(configMap({ namespace: stage.namespace, name, data: { a: '1' } }));
    await stage.pass({ ownership: 'references' });
    assert.deepEqual(await stage.owners('ConfigMap', name), ['Deployment/web', 'Namespace']);
    await stage.pass({ ownership: 'references' });
    assert.equal(await countOn(stage), undefined);
  }
});

test('another source of the same workload gets its references anyway', async (t) => {
  const stage = await stopped(t, 'references');
  await stage.pass({ ownership: 'references' });
  await stage.source('ConfigMap', 'more');
  const spec = usingOptional({ configMaps: ['settings', 'more'], secrets: ['credentials'] });
  await api.patch(path('Deployment', stage.namespace, 'web'), { spec: { template: { spec } } });
  await stage.pass({ ownership: 'references' });
  assert.deepEqual(await stage.owners('ConfigMap', 'more'), ['Deployment/web', 'Namespace']);
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
});

test('if only the reference to kube-system is removed each time, the one to the workload is removed too: it would destroy the source', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('Secret', 'credentials');
  await stage.workload('Deployment', 'web', usingOptional({ secrets: ['credentials'] }));
  await stage.pass({ ownership: 'references' });
  const only = { metadata: { ownerReferences: [{ $patch: 'delete', uid: stage.lastingUid }] } };
  const source = `${path('Secret', stage.namespace, 'credentials')}?fieldManager=tool`;
  for (let times = 0; times < 3; times += 1) {
    await api.patch(source, only);
    await stage.pass({ ownership: 'references' });
    assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Deployment/web', 'Namespace']);
  }
  await api.patch(source, only);
  assert.deepEqual(reasonsIn(await stage.pass({ ownership: 'references' })), {
    'Deployment/web': 'OwnershipLimited',
  });
  assert.deepEqual(await stage.owners('Secret', 'credentials'), []);
});

test('references that could not be restored do not count', async (t) => {
  const stage = await ownershipShop(t);
  await stage.pass({ ownership: 'references' });
  await strip(stage, 'settings', 'credentials');
  const base = [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps', 'secrets')];
  const [, kubeSystem] = permissionsOfOwnership;
  const rules = [...base, ...(kubeSystem === undefined ? [] : [kubeSystem])];
  const { kubeconfig } = await serviceAccount(t, { namespace: stage.namespace, rules });
  for (let pass = 0; pass < 4; pass += 1) {
    const report = await stage.pass({ ownership: 'references' }, { kubeconfig });
    assert.match(outcomeOf(report, 'web').sentence, /got no owner reference: .*forbidden/);
  }
  assert.equal(await countOn(stage), undefined);
  const report = await stage.pass({ ownership: 'references' });
  assert.deepEqual(outcomeOf(report, 'web').ownership?.referencesAdded, both);
});
