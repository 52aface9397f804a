/**
 * The effect of each value of `ownership` on deletions. With `off` and `references`, a deletion works as
 * without wave-cron, and does not wait for a pass. With `finalizer`, it waits for a pass.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { configMap, deployment } from '../../../tools/control-plane/objects.ts';
import {
  hasKubectl,
  kubectl,
  randomName,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { runProgram } from '../../jobs/run-program.ts';
import { runHelm } from '../../manifests/chart/helm.ts';
import { optedIn, reasonsIn } from '../run-pass.ts';
import { ownershipStage, type SourceKind, type Stage, usingOptional } from './stage.ts';

const { api, cluster } = testCluster();
const values = ['off', 'references', 'finalizer'] as const;
type Value = (typeof values)[number];
const sources = [
  ['ConfigMap', 'settings'],
  ['Secret', 'credentials'],
] as const satisfies readonly (readonly [SourceKind, string])[];
const pod = usingOptional({ configMaps: ['settings'], secrets: ['credentials'] });
const skip = hasKubectl() ? false : 'there is no kubectl';
const cascades = ['Background', 'Foreground', 'Orphan'] as const;

/** Creates Deployment `web` and its two sources, and runs a pass with this value. */
async function shop(t: TestContext, ownership: Value): Promise<Stage> {
  const stage = await ownershipStage(t);
  for (const [kind, name] of sources) await stage.source(kind, name);
  await stage.workload('Deployment', 'web', pod);
  await stage.pass({ ownership });
  const owners = ownership === 'off' ? [] : ['Deployment/web', 'Namespace'];
  for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), owners);
  assert.equal((await stage.carried('Deployment', 'web')).finalizer, ownership === 'finalizer');
  return stage;
}

const gone = (it: KubernetesObject | undefined) => it === undefined;

/** Returns when the garbage collector has handled everything that existed before. */
async function garbageCollected(namespace: string): Promise<void> {
  const name = randomName('garbage');
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: crypto.randomUUID() };
  const object = configMap({ namespace, name, data: {} });
  await api.create({ ...object, metadata: { ...object.metadata, ownerReferences: [owner] } });
  await api.waitFor(path('ConfigMap', namespace, name), gone, { what: 'the garbage collector' });
}

/** Fails unless both sources exist, and have no owner except kube-system. */
async function assertSourcesStay(stage: Stage, owners: readonly string[]): Promise<void> {
  for (const [kind, name] of sources) {
    await api.waitFor(
      path(kind, stage.namespace, name),
      (it) => it?.metadata.ownerReferences?.every((each) => each.kind === 'Namespace') !== false,
      { what: 'the garbage collector to remove the reference to the workload' },
    );
  }
  await garbageCollected(stage.namespace);
  for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), owners);
}

for (const ownership of values) {
  const waits = ownership === 'finalizer';

  for (const cascade of cascades) {
    test(`ownership: ${ownership}: a Deployment is deleted (${cascade}) ${waits ? 'after a pass has run' : 'without a pass'}, and its sources stay`, async (t) => {
      const stage = await shop(t, ownership);
      const web = path('Deployment', stage.namespace, 'web');
      await api.delete(web, { propagationPolicy: cascade });
      if (waits) {
        await garbageCollected(stage.namespace);
        assert.notEqual((await api.get(web)).metadata['deletionTimestamp'], undefined);
        await api.waitFor(web, (it) => it?.metadata.finalizers?.length === 1);
        assert.deepEqual(reasonsIn(await stage.pass({ ownership })), {
          'Deployment/web': 'Deleting',
        });
      }
      await api.waitFor(web, gone, { what: 'the end of the Deployment' });
      await assertSourcesStay(stage, ownership === 'references' ? ['Namespace'] : []);
    });
  }

  test(`ownership: ${ownership}: kubectl delete --wait=false and apply ${waits ? 'lose the Deployment if apply runs before the next pass' : 'leave the Deployment in place'}`, {
    skip,
  }, async (t) => {
    const stage = await shop(t, ownership);
    const file = join(folder(t), 'web.json');
    const { namespace } = stage;
    const object = deployment({ namespace, name: 'web', annotations: optedIn, pod });
    writeFileSync(file, JSON.stringify(object));
    const web = path('Deployment', namespace, 'web');
    const { uid } = (await api.get(web)).metadata;
    await kubectl(['delete', '--wait=false', '-f', file]);
    await kubectl(['apply', '-f', file]);
    await stage.pass({ ownership });
    if (waits) {
      await api.waitFor(web, gone, { what: 'the end of the Deployment' });
      return;
    }
    const { metadata } = await api.get(web);
    assert.notEqual(metadata.uid, uid);
    assert.equal(metadata['deletionTimestamp'], undefined);
    if (ownership === 'off') return;
    const isNewOwner = (it: KubernetesObject | undefined) =>
      JSON.stringify(it?.metadata.ownerReferences?.map((each) => each.uid).sort()) ===
      JSON.stringify([metadata.uid, stage.lastingUid].sort());
    for (const [kind, name] of sources) await api.waitFor(path(kind, namespace, name), isNewOwner);
  });

  test(`ownership: ${ownership}: helm uninstall and install ${waits ? 'work if a pass has run in between' : 'work without a pass'}`, async (t) => {
    const stage = await ownershipStage(t);
    const { namespace } = stage;
    const chart = chartOf(t);
    const helm = (...args: string[]) =>
      runHelm([...args, '--namespace', namespace], cluster.kubeconfig);
    await helm('install', 'shop', chart);
    await stage.pass({ ownership });
    const web = path('Deployment', namespace, 'web');
    const { uid } = (await api.get(web)).metadata;
    await helm('uninstall', 'shop');
    if (waits) {
      // Helm 4 applies its manifests to objects that are being deleted, and succeeds. Helm 3 fails because the
      // objects exist.
      await helm('install', 'shop', chart);
      await stage.pass({ ownership });
      await api.waitFor(web, gone, { what: 'the loss of the Deployment' });
      await helm('uninstall', 'shop');
    }
    await helm('install', 'shop', chart);
    assert.notEqual((await api.get(web)).metadata.uid, uid);
    assert.deepEqual(reasonsIn(await stage.pass({ ownership })), { 'Deployment/web': 'FirstSeen' });
    await garbageCollected(namespace);
    const owners = ownership === 'off' ? [] : ['Deployment/web', 'Namespace'];
    assert.deepEqual(await stage.owners('ConfigMap', 'settings'), owners);
  });

  test(`ownership: ${ownership}: the namespace of an installation is deleted ${waits ? 'after wave-cron release has run, which needs no Lease in it' : 'without a pass'}`, async (t) => {
    const stage = await shop(t, ownership);
    const { namespace } = stage;
    const here = path('Namespace', undefined, namespace);
    await api.delete(here);
    if (waits) {
      await api.waitFor(here, (it) => JSON.stringify(it?.status).includes('SomeFinalizersRemain'), {
        what: 'the namespace to wait for finalizers',
        timeoutMs: 60_000,
      });
      const run = await runProgram([
        ...['release', '--yes', '-n', namespace, '--lease-namespace', namespace],
        ...['--kubeconfig', cluster.kubeconfig],
      ]);
      assert.equal(run.status, 0, run.stdout + run.stderr);
      assert.match(run.stderr, /continuing without a Lease/);
    }
    await api.waitFor(here, gone, { what: 'the end of the namespace', timeoutMs: 60_000 });
  });

  test(`ownership: ${ownership}: a copy of a source in another namespace outlives the original namespace`, async (t) => {
    const stage = await shop(t, ownership);
    const other = await testNamespace(t);
    for (const [kind, name] of sources) {
      await api.create(copyOf(await stage.get(kind, name), { namespace: other }));
    }
    const here = path('Namespace', undefined, stage.namespace);
    await api.delete(here);
    if (waits) {
      await api.waitFor(here, (it) => JSON.stringify(it?.status).includes('SomeFinalizersRemain'), {
        what: 'the namespace to wait for finalizers',
        timeoutMs: 60_000,
      });
      await stage.pass({ ownership });
    }
    await api.waitFor(here, gone, { what: 'the end of the namespace', timeoutMs: 60_000 });
    await garbageCollected(other);
    for (const [kind, name] of sources) {
      const { metadata } = await api.get(path(kind, other, name));
      const owners = metadata.ownerReferences?.map((each) => each.name) ?? [];
      assert.deepEqual(owners, ownership === 'off' ? [] : ['kube-system']);
    }
  });
}

test('a copy with owner references in another cluster is garbage-collected, because kube-system has another uid there', async (t) => {
  const stage = await shop(t, 'references');
  const other = await testNamespace(t);
  // The Secret as it would arrive in another cluster: nothing in this namespace has these uids.
  const copy = copyOf(await stage.get('Secret', 'credentials'), { namespace: other });
  const ownerReferences = copy.metadata.ownerReferences?.map((each) => ({
    ...each,
    uid: crypto.randomUUID(),
  }));
  await api.create({
    ...copy,
    metadata: { ...copy.metadata, ownerReferences: ownerReferences ?? [] },
  });
  await api.waitFor(path('Secret', other, 'credentials'), gone, { what: 'its collection' });
});

test('release finds and removes the owner references to a Deployment that was deleted without a pass', async (t) => {
  const stage = await shop(t, 'references');
  await api.delete(path('Deployment', stage.namespace, 'web'));
  await assertSourcesStay(stage, ['Namespace']);
  await stage.pass({ ownership: 'references' });
  for (const [kind, name] of sources)
    assert.deepEqual(await stage.owners(kind, name), ['Namespace']);
  const run = await runProgram([
    ...['release', '--yes', '-n', stage.namespace, '--lease-namespace', stage.namespace],
    ...['--kubeconfig', cluster.kubeconfig],
  ]);
  assert.equal(run.status, 0, run.stdout + run.stderr);
  for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), []);
});

test('release goes on without a Lease if the namespace of the Lease does not exist', async (t) => {
  const stage = await shop(t, 'finalizer');
  const run = await runProgram([
    ...['release', '--yes', '-n', stage.namespace, '--lease-namespace', randomName('gone')],
    ...['--kubeconfig', cluster.kubeconfig],
  ]);
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stderr, /continuing without a Lease/);
  assert.deepEqual(await stage.carried('Deployment', 'web'), { finalizer: false });
});

/** The object as `kubectl get -o yaml` prints it, without the fields that the server sets. */
function copyOf({ metadata, ...object }: KubernetesObject, to: { namespace: string }) {
  const { name, ownerReferences } = metadata;
  return { ...object, metadata: { name, ...to, ...(ownerReferences && { ownerReferences }) } };
}

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'wave-cron-matrix-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

/** Writes a chart with Deployment `web` and ConfigMap `settings`. Returns its folder. */
function chartOf(t: TestContext): string {
  const chart = folder(t);
  const namespace = '{{ .Release.Namespace }}';
  const objects = [
    configMap({ namespace, name: 'settings', data: { a: '1' } }),
    deployment({ namespace, name: 'web', annotations: optedIn, pod }),
  ];
  mkdirSync(join(chart, 'templates'));
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 1.0.0\n');
  const text = objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
  writeFileSync(join(chart, 'templates/all.yaml'), text);
  return chart;
}
