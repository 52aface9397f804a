/** The guarantees for a workload of any kind, tested with kinds of other APIs. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import type { Settings } from '../../../lib/settings/schema.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { statefulSet, using } from '../../../tools/control-plane/objects.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { eventsAbout, optedIn, prefix, reasonsIn } from '../run-pass.ts';
import { advancedStatefulSet, allKinds, cloneSet, defineAllKinds } from './definitions.ts';
import { kindStage } from './stage.ts';

const { api } = testCluster();
const finalizer = `${prefix}/finalizer`;
const foreign = 'example.com/keep';

before(defineAllKinds);

for (const kind of allKinds) {
  const web = `${kind}/web`;

  test(`${kind}: a referenced key rolls it once, and another key does not`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create();
    assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'FirstSeen' });
    const first = await stage.hash();
    assert.match(first ?? '', /^[0-9a-f]{64}$/);
    await stage.change({ b: '2' });
    assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
    await stage.change({ a: '2' });
    assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'ConfigChanged' });
    assert.notEqual(await stage.hash(), first);
    const { metadata } = await stage.get();
    assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
    assert.equal((await stage.get()).metadata.resourceVersion, metadata.resourceVersion);
    const events = await eventsAbout(stage.namespace, 'web');
    assert.deepEqual(
      events.map(({ reason, regarding }) => [reason, regarding.uid]),
      [
        ['FirstSeen', metadata.uid],
        ['ConfigChanged', metadata.uid],
      ],
    );
  });

  test(`${kind}: a plan gives the result of the pass and writes nothing`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create();
    const { metadata } = await stage.get();
    assert.deepEqual(reasonsIn(await stage.pass({}, { write: false })), { [web]: 'FirstSeen' });
    assert.equal((await stage.get()).metadata.resourceVersion, metadata.resourceVersion);
  });

  test(`${kind}: an optional source may be absent, and a required source must exist before the hash is written`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create({ pod: using({ configMap: 'later', key: 'a', optional: true }) });
    assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'FirstSeen' });
    const before = await stage.hash();
    await api.patch(
      stage.path,
      {
        spec: { template: { spec: using({ configMap: 'absent', key: 'a' }) } },
      },
      'merge',
    );
    assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'MissingSource' });
    assert.equal(await stage.hash(), before);
  });

  test(`${kind}: a change by another client between read and write is not overwritten`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create();
    const proxy = await faultProxy(t);
    proxy.on(
      'PATCH',
      /\/web\?/,
      async ({ url, forward, reply }) => {
        await api.patch(stage.path, { metadata: { labels: { other: 'yes' } } }, 'merge');
        reply(await forward(url));
      },
      { times: 1 },
    );
    const report = await stage.pass({}, { kubeconfig: proxy.kubeconfig() });
    assert.deepEqual(reasonsIn(report), { [web]: 'FirstSeen' });
    const { metadata } = await stage.get();
    assert.equal(metadata.labels?.['other'], 'yes');
    assert.match((await stage.hash()) ?? '', /^[0-9a-f]{64}$/);
  });

  test(`${kind}: opting out leaves the template, and removes the finalizer and the references`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create();
    await api.patch(stage.path, { metadata: { finalizers: [foreign] } }, 'merge');
    const ownership = { ownership: 'finalizer' } as const;
    await stage.pass(ownership);
    assert.deepEqual((await stage.get()).metadata.finalizers, [foreign, finalizer]);
    const owners = (await api.get(stage.settings)).metadata.ownerReferences ?? [];
    assert.deepEqual(owners.map(({ name }) => name).sort(), ['kube-system', 'web']);
    const { apiVersion, kind: bare, metadata } = await stage.get();
    const owner = owners.find(({ name }) => name === 'web');
    assert.deepEqual(
      [owner?.apiVersion, owner?.kind, owner?.uid],
      [apiVersion, bare, metadata.uid],
    );
    const hash = await stage.hash();
    const off = { [`${prefix}/update-on-config-change`]: 'false' };
    await api.patch(stage.path, { metadata: { annotations: off } }, 'merge');
    assert.deepEqual(reasonsIn(await stage.pass(ownership)), { [web]: 'OptedOut' });
    assert.deepEqual((await stage.get()).metadata.finalizers, [foreign]);
    assert.equal((await api.get(stage.settings)).metadata.ownerReferences, undefined);
    assert.equal(await stage.hash(), hash);
    await api.patch(stage.path, { metadata: { finalizers: [] } }, 'merge');
  });

  for (const propagationPolicy of ['Background', 'Foreground', 'Orphan']) {
    test(`${kind}: no source is lost when it is deleted (${propagationPolicy})`, async (t) => {
      const stage = await kindStage(t, kind);
      await stage.create();
      await stage.pass({ ownership: 'references' });
      const { metadata } = await api.get(stage.settings);
      assert.equal(metadata.ownerReferences?.length, 2);
      await api.delete(stage.path, { propagationPolicy });
      await api.waitFor(stage.path, (it) => it === undefined);
      // The garbage collector discovers new kinds only after some time.
      const after = await api.waitFor(
        stage.settings,
        (it) => it?.metadata.ownerReferences?.length === 1,
        { timeoutMs: 90_000 },
      );
      assert.equal(after?.metadata.uid, metadata.uid);
    });
  }

  test(`${kind}: with the finalizer, its deletion waits for a pass, and no source is lost`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create();
    const ownership = { ownership: 'finalizer' } as const;
    await stage.pass(ownership);
    await api.delete(stage.path, { propagationPolicy: 'Background' });
    assert.notEqual((await stage.get()).metadata['deletionTimestamp'], undefined);
    assert.deepEqual(reasonsIn(await stage.pass(ownership)), { [web]: 'Deleting' });
    await api.waitFor(stage.path, (it) => it === undefined);
    assert.equal((await api.get(stage.settings)).metadata.ownerReferences, undefined);
  });

  test(`${kind}: unless all of its Pods are known to be current, it restarts`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create({ spec: kind.startsWith('Service') ? {} : { replicas: 1 } });
    // The spec was changed, so some Pods may have been started with an earlier template.
    await api.patch(stage.path, { spec: { minReadySeconds: 1 } }, 'merge');
    const report = await stage.pass({ adoption: 'if-changed' });
    const known = ['Rollout', 'CloneSet', 'StatefulSet'].some((each) => kind.startsWith(each));
    assert.deepEqual(reasonsIn(report), { [web]: known ? 'Adopted' : 'FirstSeen' });
    if (!known) assert.match(report.outcomes[0]?.sentence ?? '', /which Pods .* is unknown/);
  });
}

test('a pass sends no more requests for built-in kinds, and one more for each group and version of other kinds', async (t) => {
  const stage = await kindStage(t, cloneSet);
  // A proxy sees only the requests of this test. The audit log also has those of tests that run at the same time.
  const proxy = await faultProxy(t);
  const kubeconfig = proxy.kubeconfig();
  const discoveries = async (kinds: Settings['kinds']): Promise<number> => {
    const before = proxy.seen.length;
    await stage.pass({ kinds }, { kubeconfig });
    const own = proxy.seen.slice(before);
    return own.filter(({ url }) => /^\/apis\/[^/]+(\/[^/]+)?$/.test(url)).length;
  };
  const builtIn = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
  assert.equal(await discoveries(builtIn), 0);
  assert.equal(await discoveries([...builtIn, cloneSet, 'Other.v1alpha1.apps.kruise.io']), 1);
  assert.equal(await discoveries(allKinds), 6);
});

test('workloads of two groups with the same kind and name are two workloads', async (t) => {
  const stage = await kindStage(t, advancedStatefulSet);
  await stage.create();
  const pod = using({ configMap: 'settings', key: 'a' });
  await api.create(
    statefulSet({ namespace: stage.namespace, name: 'web', annotations: optedIn, pod }),
  );
  const kinds = ['StatefulSet', advancedStatefulSet] as const;
  const report = await stage.pass({ kinds: [...kinds], ownership: 'references' });
  assert.deepEqual(reasonsIn(report), {
    'StatefulSet/web': 'FirstSeen',
    [`${advancedStatefulSet}/web`]: 'FirstSeen',
  });
  assert.ok(isComplete(report));
  const owners = (await api.get(stage.settings)).metadata.ownerReferences ?? [];
  assert.deepEqual(owners.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`).sort(), [
    'apps.kruise.io/v1beta1 StatefulSet',
    'apps/v1 StatefulSet',
    'v1 Namespace',
  ]);
  await api.delete(path('StatefulSet', stage.namespace, 'web'));
});
