/**
 * The setting `restart: if-stale` decides by the configuration that the Pods were started with. Another tool
 * also restarts them.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { optedIn, runPass, workloadKinds } from '../run-pass.ts';
import { adoptedAnnotation, nextSecond, startApp } from './app.ts';

suite('with restart: if-stale', { skip: skipWithoutNodeAgent(), concurrency: 2 }, () => {
  for (const kind of workloadKinds) {
    const count = kind === 'DaemonSet' ? 1 : 2;
    const all = (level: string) => Array.from({ length: count }, () => level);

    test(`a ${kind} that another tool rolls after each change rolls once each time, and never by wave-cron`, async (t) => {
      const app = await startApp(t, kind);
      const before = await app.rollouts();
      for (const level of ['B', 'C', 'A', 'B']) {
        await app.change({ level });
        await nextSecond();
        await app.roll(level);
        const meanwhile = await app.reason();
        assert.match(meanwhile, /^(Settling|AlreadyCurrent)$/);
        await app.done();
        assert.match(await app.reason(), /^(AlreadyCurrent|UpToDate)$/);
        assert.equal(await app.reason(), 'UpToDate');
        assert.deepEqual(await app.running(), all(level));
      }
      assert.equal(await app.rollouts(), before + 4);
    });

    test(`a ${kind} that no other tool rolls is rolled, even if the value goes back to the one whose hash is on its template`, async (t) => {
      const app = await startApp(t, kind);
      await app.change({ level: 'B' });
      assert.match(
        await app.reason(),
        /^ConfigChanged: .*; its Pods may be outdated: Pod web-\S+ was created/,
      );
      await app.done();
      assert.deepEqual(await app.running(), all('B'));
      // Another tool rolls the workload to C, and a pass records that. The hash on the template is still that
      // of B.
      await nextSecond();
      await app.change({ level: 'C' });
      await nextSecond();
      await app.roll('C');
      await app.done();
      assert.equal(await app.reason(), 'AlreadyCurrent');
      await nextSecond();
      await app.change({ level: 'B' });
      const before = await app.rollouts();
      assert.match(await app.reason(), /^ConfigChanged/);
      await app.done();
      assert.equal(await app.rollouts(), before + 1);
      assert.deepEqual(await app.running(), all('B'));
      assert.equal(await app.reason(), 'UpToDate');
    });
  }

  test('a rollout that is undone before it has finished leaves no Pod on the old configuration', async (t) => {
    const app = await startApp(t);
    const file = path('Deployment', app.namespace, 'web');
    await app.api.patch(file, {
      spec: {
        strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        minReadySeconds: 300,
      },
    });
    await app.change({ level: 'B' });
    await nextSecond();
    await app.roll('B');
    await app.api.waitFor(
      file,
      (it) => it?.status?.['updatedReplicas'] === 1 && it.status['replicas'] === 3,
    );
    assert.equal(await app.reason(), 'Settling');
    assert.equal(await app.reason(), 'Settling');
    // Restores the template before, as `kubectl rollout undo` does.
    await app.api.patch(file, {
      spec: {
        minReadySeconds: 0,
        template: { metadata: { annotations: { 'example.com/checksum': null } } },
      },
    });
    await app.done();
    assert.deepEqual(await app.running(), ['A', 'A']);
    assert.match(await app.reason(), /^ConfigChanged/);
    await app.done();
    assert.deepEqual(await app.running(), ['B', 'B']);
  });

  test('a value that changes and changes back during one rollout leaves no Pod with the other value', async (t) => {
    const app = await startApp(t);
    const file = path('Deployment', app.namespace, 'web');
    const rollingUpdate = { maxUnavailable: 0, maxSurge: 1 };
    await app.api.patch(file, { spec: { strategy: { rollingUpdate }, minReadySeconds: 300 } });
    await app.change({ level: 'B' });
    await nextSecond();
    await app.roll('B');
    await app.api.waitFor(
      file,
      (it) => it?.status?.['updatedReplicas'] === 1 && it.status['replicas'] === 3,
    );
    assert.equal(await app.reason(), 'Settling');
    assert.deepEqual(await app.running(), ['A', 'A', 'B']);
    await nextSecond();
    await app.change({ level: 'A' });
    assert.match(await app.reason(), /^ConfigChanged/);
    await app.api.patch(file, { spec: { minReadySeconds: 0 } });
    await app.done();
    assert.deepEqual(await app.running(), ['A', 'A']);
    assert.equal(await app.reason(), 'UpToDate');
  });

  test('a new template ends the record on the workload, whichever configuration is current', async (t) => {
    const app = await startApp(t);
    await app.change({ level: 'B' });
    await nextSecond();
    await app.roll('B');
    await app.done();
    assert.equal(await app.reason(), 'AlreadyCurrent');
    // A rollout starts the Pods with B. Then A comes back, whose hash is on the template.
    await app.roll('image');
    await app.done();
    await nextSecond();
    await app.change({ level: 'A' });
    assert.deepEqual(await app.running(), ['B', 'B']);
    assert.match(await app.reason(), /^ConfigChanged/);
    await app.done();
    assert.deepEqual(await app.running(), ['A', 'A']);
    assert.equal(await app.reason(), 'UpToDate');
  });

  test('a removed key causes a restart, although no time of the removal is known', async (t) => {
    const app = await startApp(t);
    await app.change({ more: '1' });
    await nextSecond();
    await app.roll('more');
    await app.done();
    assert.equal(await app.reason(), 'AlreadyCurrent');
    await nextSecond();
    await app.change({ more: null });
    assert.match(await app.reason(), /^ConfigChanged: .*ConfigMap\/settings lost a key$/);
    await app.done();
    assert.equal(await app.reason(), 'UpToDate');
  });

  test('a source that was deleted or created again causes a restart', async (t) => {
    const app = await startApp(t, 'Deployment', { subPath: false });
    const source = path('ConfigMap', app.namespace, 'settings');
    await app.api.delete(source);
    await nextSecond();
    await app.roll('gone');
    await app.done();
    assert.match(
      await app.reason(),
      /^ConfigChanged: .*does not exist, and it is unknown since when/,
    );
    await app.done();
    assert.deepEqual(await app.running(), ['none', 'none']);
    const metadata = { namespace: app.namespace, name: 'settings' };
    await app.api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { level: 'C' } });
    assert.match(
      await app.reason(),
      /^ConfigChanged: .*ConfigMap\/settings now exists; its Pods may be outdated/,
    );
    await app.done();
    assert.deepEqual(await app.running(), ['C', 'C']);
    await nextSecond();
    await app.api.delete(source);
    await app.api.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { level: 'D' },
      immutable: true,
    });
    await nextSecond();
    await app.roll('D');
    await app.done();
    assert.match(await app.reason(), /^ConfigChanged: .*is immutable and was created again/);
  });

  test('Pods that a workload adopts later count as its own', async (t) => {
    const app = await startApp(t);
    const file = path('Deployment', app.namespace, 'web');
    const sets = await app.api.list(path('ReplicaSet', app.namespace));
    const before = await app.api.list(path('Pod', app.namespace));
    // The ReplicaSet is deleted without its Pods. A new ReplicaSet will adopt them.
    await app.api.patch(file, { spec: { paused: true } });
    for (const { metadata } of sets) {
      await app.api.delete(path('ReplicaSet', app.namespace, metadata.name), {
        propagationPolicy: 'Orphan',
      });
    }
    await app.change({ level: 'B' });
    const orphan = path('Pod', app.namespace, before[0]?.metadata.name);
    await app.api.waitFor(orphan, (it) => !it?.metadata.ownerReferences?.length);
    assert.match(await app.reason(), /^ConfigChanged: .*Pod web-\S+ was created/);
    await app.api.patch(file, { spec: { paused: false } });
    await app.done();
    assert.deepEqual(await app.running(), ['B', 'B']);
  });

  test('a Deployment without Pods is recorded, and its first Pods read the current sources', async (t) => {
    const app = await startApp(t);
    const file = path('Deployment', app.namespace, 'web');
    await app.api.patch(file, { spec: { replicas: 0 } });
    await app.done();
    await app.api.waitFor(
      path('Pod', app.namespace),
      (it) => (it as unknown as { items: unknown[] }).items.length === 0,
    );
    await app.change({ level: 'B' });
    assert.equal(await app.reason(), 'AlreadyCurrent');
    await app.api.patch(file, { spec: { replicas: 2 } });
    await app.done();
    assert.equal(await app.reason(), 'UpToDate');
    assert.deepEqual(await app.running(), ['B', 'B']);
  });

  test('within the tolerance a workload is rolled once more', async (t) => {
    const app = await startApp(t);
    await app.change({ level: 'B' });
    await nextSecond();
    await app.roll('B');
    await app.done();
    assert.match(
      await app.reason({ clockTolerance: '10s' }),
      /^ConfigChanged: .*not more than 10 s after the last write of ConfigMap\/settings/,
    );
  });

  test('the annotation turns if-stale on and off for one workload, and any other value is invalid', async (t) => {
    const app = await startApp(t);
    const file = path('Deployment', app.namespace, 'web');
    const name = 'wave.pusher.com/restart';
    const annotate = (value: string) =>
      app.api.patch(file, { metadata: { annotations: { [name]: value } } });
    await app.change({ level: 'B' });
    await nextSecond();
    await app.roll('B');
    await app.done();
    await annotate('if-stale');
    const { outcomes } = await runPass(app.namespace, { settings: { clockTolerance: '0s' } });
    assert.equal(outcomes[0]?.reason, 'AlreadyCurrent');
    const { metadata } = await app.api.get(file);
    const record = JSON.parse(metadata.annotations?.[adoptedAnnotation] ?? '');
    assert.equal(record.sources['ConfigMap/settings:keys'], 'level');
    await annotate('sometimes');
    assert.equal(await app.reason(), 'InvalidAnnotation');
    await nextSecond();
    await app.change({ level: 'C' });
    await nextSecond();
    await app.roll('C');
    await app.done();
    await annotate('always');
    assert.match(await app.reason(), /^ConfigChanged: ConfigMap\/settings changed$/);
    assert.ok(optedIn);
  });
});
