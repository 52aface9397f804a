/** The remains of upstream Wave 0.5: a finalizer and owner references, but no record of them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { type Rule, serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import {
  getting,
  outcomeOf,
  permissionsOfOwnership,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  reasonsIn,
  requestsIn,
} from '../run-pass.ts';
import { finalizer, ownershipStage, type Stage, usingOptional } from './stage.ts';

const { api, cluster } = testCluster();

/** The shipped permissions without the permissions for ownership. */
const base = [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps', 'secrets')];
const shipped: readonly Rule[] = [...base, ...permissionsOfOwnership];
const optIn = `${prefix}/update-on-config-change`;

const used = [
  ['ConfigMap', 'settings'],
  ['Secret', 'credentials'],
] as const;
const all = [...used, ['ConfigMap', 'former']] as const;

async function markedByWave(
  t: TestContext,
  annotations: Record<string, string> = { [optIn]: 'true' },
): Promise<Stage> {
  const stage = await ownershipStage(t);
  for (const [kind, name] of all) await stage.source(kind, name);
  const pod = usingOptional({ configMaps: ['settings'], secrets: ['credentials'] });
  const metadata = { finalizers: [finalizer], annotations };
  const uid = await stage.workload('Deployment', 'web', pod, metadata);
  const reference = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid },
    ...{ controller: false, blockOwnerDeletion: true },
  };
  for (const [kind, name] of all) {
    const patch = { metadata: { ownerReferences: [reference] } };
    await api.patch(`${path(kind, stage.namespace, name)}?fieldManager=manager`, patch, 'merge');
  }
  return stage;
}

async function accountWith(t: TestContext, stage: Stage, rules: readonly Rule[]) {
  return (await serviceAccount(t, { namespace: stage.namespace, rules })).kubeconfig;
}

const inWave = ['Deployment/web'];
const kept = ['Deployment/web', 'Namespace'];

/**
 * Waits until the garbage collector has removed the references to a deleted workload from the sources. Fails if
 * a source is deleted.
 */
async function assertSurvives(stage: Stage, sources: typeof all | typeof used): Promise<void> {
  for (const [kind, name] of sources) {
    await api.waitFor(
      path(kind, stage.namespace, name),
      (it) =>
        it !== undefined &&
        it.metadata.ownerReferences?.every((each) => each.kind === 'Namespace') !== false,
      { what: `${kind} ${name} to be there without a reference to the workload` },
    );
  }
}

test('a pass takes over what upstream Wave left: its references stay, and one to the namespace is added', async (t) => {
  const stage = await markedByWave(t);
  const outcome = outcomeOf(await stage.pass(), 'web');
  assert.deepEqual(outcome.ownership?.referencesRemoved, []);
  assert.match(
    outcome.sentence,
    /ConfigMap\/former keeps an owner reference to it that another client wrote$/,
  );
  for (const [kind, name] of all) assert.deepEqual(await stage.owners(kind, name), kept);
  assert.deepEqual(await stage.carried('Deployment', 'web'), {
    finalizer: true,
    record: ['ConfigMap/settings', 'Secret/credentials'],
  });
  const audit = await auditFromHere(cluster);
  assert.deepEqual(reasonsIn(await stage.pass()), { 'Deployment/web': 'UpToDate' });
  const requests = await audit.entries({ ...requestsIn(stage.namespace), verb: ['patch'] });
  assert.deepEqual(requests, []);
});

for (const cascade of ['Background', 'Foreground', 'Orphan'] as const) {
  test(`a workload of upstream Wave that a pass has taken over is deleted (${cascade}), and its sources stay`, async (t) => {
    const stage = await markedByWave(t);
    await stage.pass();
    const at = path('Deployment', stage.namespace, 'web');
    await api.delete(at, { propagationPolicy: cascade });
    const isDone = (it: KubernetesObject | undefined) =>
      it === undefined || it.metadata.finalizers?.every((each) => each === finalizer) === true;
    await api.waitFor(at, isDone, { what: 'the garbage collector to be done with it' });
    assert.deepEqual(reasonsIn(await stage.pass()), { 'Deployment/web': 'Deleting' });
    await api.waitFor(at, (it) => it === undefined);
    await assertSurvives(stage, all);
  });
}

for (const [how, annotation, setting] of [
  ['opted out', 'false', 'finalizer'],
  ['cleaned up by ownership: off', 'true', 'off'],
] as const) {
  test(`a workload of upstream Wave is ${how}: it loses the finalizer, and its sources outlive it`, async (t) => {
    const stage = await markedByWave(t, { [optIn]: annotation });
    const report = await stage.pass({ ownership: setting });
    assert.ok(isComplete(report), JSON.stringify(report));
    assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
    const sources = setting === 'off' ? all : used;
    for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), kept);
    await api.delete(path('Deployment', stage.namespace, 'web'));
    await assertSurvives(stage, sources);
  });
}

test('with the shipped permissions, without list, a workload of upstream Wave is taken over, and its deletion gives a warning with the command', async (t) => {
  const stage = await markedByWave(t);
  const kubeconfig = await accountWith(t, stage, shipped);
  assert.equal(outcomeOf(await stage.pass({}, { kubeconfig }), 'web').reason, 'FirstSeen');
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
  assert.deepEqual([reason, isComplete(report)], ['OwnershipLimited', true]);
  assert.match(
    sentence,
    /^no record says which ConfigMaps and Secrets have its owner reference, and they could not be listed: .*; only the sources in its template were checked, and the finalizer was removed; .*run wave-cron release -n \S+ with permission to list them/,
  );
  assert.equal(await stage.find('Deployment', 'web'), undefined);
  await assertSurvives(stage, used);
});

test('a workload of upstream Wave that is deleted before any pass is gone after the first one, and its sources stay', async (t) => {
  const stage = await markedByWave(t);
  const kubeconfig = await accountWith(t, stage, shipped);
  await api.delete(path('Deployment', stage.namespace, 'web'));
  const report = await stage.pass({}, { kubeconfig });
  assert.ok(isComplete(report), JSON.stringify(report));
  assert.equal(await stage.find('Deployment', 'web'), undefined);
  await assertSurvives(stage, used);
});

test('without list and with ownership: off, a workload of upstream Wave keeps its finalizer, and the warning names the command', async (t) => {
  const stage = await markedByWave(t);
  const kubeconfig = await accountWith(t, stage, shipped);
  const report = await stage.pass({ ownership: 'off' }, { kubeconfig });
  const { reason, sentence } = outcomeOf(report, 'web');
  assert.deepEqual([reason, isComplete(report)], ['OwnershipLimited', true]);
  assert.match(
    sentence,
    /^no record says which .* could not be listed: .*; run wave-cron release -n \S+ with permission to list them, or grant list on configmaps and secrets of namespace \S+; until then the finalizer stays; the hash was written/,
  );
  assert.equal((await stage.carried('Deployment', 'web')).finalizer, true);
  for (const [kind, name] of used) assert.deepEqual(await stage.owners(kind, name), kept);
  assert.deepEqual(await stage.owners('ConfigMap', 'former'), inWave);
});

test('if the reference to the namespace may not be added, the workload and its sources stay, and the pass is complete', async (t) => {
  const stage = await markedByWave(t);
  const kubeconfig = await accountWith(t, stage, base);
  for (let i = 0; i < 2; i += 1) {
    const report = await stage.pass({ ownership: 'off' }, { kubeconfig });
    const { reason, sentence } = outcomeOf(report, 'web');
    assert.deepEqual([reason, isComplete(report)], ['OwnershipLimited', true]);
    assert.match(sentence, /namespace \S+ could not be read: .*forbidden/);
  }
  assert.equal((await stage.carried('Deployment', 'web')).finalizer, true);
  await api.delete(path('Deployment', stage.namespace, 'web'));
  const report = await stage.pass({ ownership: 'off' }, { kubeconfig });
  assert.deepEqual(
    [outcomeOf(report, 'web').reason, isComplete(report)],
    ['OwnershipLimited', true],
  );
  for (const [kind, name] of used) assert.deepEqual(await stage.owners(kind, name), inWave);

  const granted = await accountWith(t, stage, shipped);
  assert.ok(isComplete(await stage.pass({ ownership: 'off' }, { kubeconfig: granted })));
  assert.equal(await stage.find('Deployment', 'web'), undefined);
  await assertSurvives(stage, used);
});
