import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { path } from '../../../tools/control-plane/api.ts';
import {
  configMap,
  deployment,
  secret,
  type Use,
  using,
} from '../../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import {
  eventsAbout,
  getting,
  hashAnnotation,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  reasonsIn,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
} from '../run-pass.ts';

const { api } = testCluster();

const create = (namespace: string, name: string, ...uses: readonly Use[]) =>
  api.create(deployment({ namespace, name, annotations: optedIn, pod: using(...uses) }));

test('if a required source is absent, the hash is not written, a warning says so, and all other workloads are handled', async (t) => {
  const namespace = await testNamespace(t);
  await create(namespace, 'stuck', { configMap: 'settings' });
  await create(namespace, 'other', { configMap: 'there' });
  await api.create(configMap({ namespace, name: 'there', data: { a: '1' } }));

  const without = await runPass(namespace);
  assert.deepEqual(reasonsIn(without), {
    'Deployment/other': 'FirstSeen',
    'Deployment/stuck': 'MissingSource',
  });
  assert.equal(outcomeOf(without, 'stuck').sentence, 'ConfigMap/settings does not exist');
  assert.equal(outcomeOf(without, 'stuck').written, false);
  assert.ok(isComplete(without), 'a source that its owner has not made is no failure of the pass');
  assert.deepEqual(await templateAnnotations(namespace, 'stuck'), {});
  assert.deepEqual(
    (await eventsAbout(namespace, 'stuck')).map(({ type, reason, note }) => [type, reason, note]),
    [['Warning', 'MissingSource', 'ConfigMap/settings does not exist']],
  );

  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  assert.deepEqual(reasonsIn(await runPass(namespace)), {
    'Deployment/other': 'UpToDate',
    'Deployment/stuck': 'FirstSeen',
  });
});

test('a required source that is deleted later does not change the hash, and nothing rolls when it is back', async (t) => {
  const namespace = await testNamespace(t);
  const settings = configMap({ namespace, name: 'settings', data: { a: '1' } });
  await api.create(settings);
  await create(namespace, 'web', { configMap: 'settings' });
  await runPass(namespace);
  const annotations = await templateAnnotations(namespace, 'web');

  await api.delete(path('ConfigMap', namespace, 'settings'));
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'MissingSource');
  assert.deepEqual(await templateAnnotations(namespace, 'web'), annotations);

  await api.create(settings);
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'UpToDate');
  assert.equal(await rollouts('Deployment', namespace, 'web'), 2);
});

test('an optional source that is absent, then present, then absent again rolls the workload each time', async (t) => {
  const namespace = await testNamespace(t);
  await create(namespace, 'web', { configMap: 'settings', optional: true });
  const passes: { reason: string; sentence: string; hash: string; rollouts: number }[] = [];
  const sources: unknown[] = [];
  const runAndNote = async () => {
    const { reason, sentence } = outcomeOf(await runPass(namespace), 'web');
    const annotations = await templateAnnotations(namespace, 'web');
    sources.push(JSON.parse(annotations[sourcesAnnotation] ?? 'null'));
    passes.push({
      reason,
      sentence,
      hash: annotations[hashAnnotation] ?? '',
      rollouts: await rollouts('Deployment', namespace, 'web'),
    });
  };
  await runAndNote();
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  await runAndNote();
  await api.delete(path('ConfigMap', namespace, 'settings'));
  await runAndNote();

  assert.deepEqual(
    passes.map(({ reason, rollouts }) => [reason, rollouts]),
    [
      ['FirstSeen', 2],
      ['ConfigChanged', 3],
      ['ConfigChanged', 4],
    ],
  );
  assert.equal(passes[1]?.sentence, 'ConfigMap/settings now exists');
  assert.equal(passes[2]?.sentence, 'ConfigMap/settings no longer exists');
  assert.equal(passes[0]?.hash, passes[2]?.hash);
  assert.notEqual(passes[0]?.hash, passes[1]?.hash);
  const hash = passes[0]?.hash.slice(0, 12);
  assert.deepEqual(sources[0], { hash, 'ConfigMap/settings': '-' });
  assert.match(
    JSON.stringify(sources[1]),
    /^\{"hash":"[0-9a-f]{12}","ConfigMap\/settings":"[0-9a-f]{12}"\}$/,
  );
  assert.deepEqual(sources[2], sources[0]);
});

test('an absent optional source differs from an empty one', async (t) => {
  const namespace = await testNamespace(t);
  await create(namespace, 'web', { configMap: 'settings', optional: true });
  await runPass(namespace);
  await api.create(configMap({ namespace, name: 'settings' }));
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'ConfigChanged');
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'UpToDate');
});

test('if a required key is absent, the hash is not written until the key exists', async (t) => {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { other: '1' } }));
  await create(namespace, 'web', { configMap: 'settings', key: 'level' });
  const without = outcomeOf(await runPass(namespace), 'web');
  assert.equal(without.reason, 'MissingSource');
  assert.equal(without.sentence, 'ConfigMap/settings has no key "level"');
  assert.deepEqual(await templateAnnotations(namespace, 'web'), {});
  assert.equal((await eventsAbout(namespace, 'web'))[0]?.note, without.sentence);

  await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level: 'info' } });
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'FirstSeen');

  await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level: null } });
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'MissingSource');
  assert.equal(await rollouts('Deployment', namespace, 'web'), 2);
});

test('an optional key that is absent, then present, then absent again rolls the workload each time', async (t) => {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { other: '1' } }));
  await create(namespace, 'web', { configMap: 'settings', key: 'level', optional: true });
  const reasons: string[] = [];
  const hashes: (string | undefined)[] = [];
  for (const level of [null, 'info', null, null]) {
    await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level } });
    reasons.push(outcomeOf(await runPass(namespace), 'web').reason);
    hashes.push((await templateAnnotations(namespace, 'web'))[hashAnnotation]);
  }
  assert.deepEqual(reasons, ['FirstSeen', 'ConfigChanged', 'ConfigChanged', 'UpToDate']);
  assert.equal(hashes[0], hashes[2]);
  assert.notEqual(hashes[0], hashes[1]);
  assert.equal(await rollouts('Deployment', namespace, 'web'), 4);
});

test('a source with optional and required references is required', async (t) => {
  const namespace = await testNamespace(t);
  await create(
    namespace,
    'web',
    { configMap: 'settings', optional: true },
    { configMap: 'settings', key: 'level' },
  );
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'MissingSource');
});

test('a Secret that RBAC forbids is unreadable: its workload is not changed, and all others are handled', async (t) => {
  const namespace = await testNamespace(t);
  const { kubeconfig } = await serviceAccount(t, {
    namespace,
    rules: [
      { ...getting('secrets'), resourceNames: ['allowed'] },
      ...permissionsOnWorkloads,
      permissionsOnEvents,
      getting('configmaps'),
    ],
  });
  await api.create(secret({ namespace, name: 'allowed', data: { password: 'one' } }));
  await api.create(secret({ namespace, name: 'forbidden', data: { password: 'one' } }));
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  await create(namespace, 'a-allowed', { secret: 'allowed' });
  await create(namespace, 'b-forbidden', { secret: 'forbidden' });
  await create(namespace, 'c-optional', { secret: 'forbidden', optional: true });
  await create(namespace, 'd-settings', { configMap: 'settings' });

  const report = await runPass(namespace, { kubeconfig });
  assert.deepEqual(reasonsIn(report), {
    'Deployment/a-allowed': 'FirstSeen',
    'Deployment/b-forbidden': 'UnreadableSource',
    'Deployment/c-optional': 'UnreadableSource',
    'Deployment/d-settings': 'FirstSeen',
  });
  assert.equal(report.pass, 'Completed');
  assert.equal(isComplete(report), false);
  assert.deepEqual(report.counts, { FirstSeen: 2, UnreadableSource: 2 });
  for (const name of ['b-forbidden', 'c-optional']) {
    const { sentence } = outcomeOf(report, name);
    assert.match(
      sentence,
      /^Secret\/forbidden could not be read: secrets "forbidden" is forbidden: /,
    );
    assert.deepEqual(await templateAnnotations(namespace, name), {});
    assert.deepEqual(
      (await eventsAbout(namespace, name)).map(({ type, reason, note }) => [type, reason, note]),
      [['Warning', 'UnreadableSource', sentence]],
    );
  }
});
