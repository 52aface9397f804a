import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComplete } from '../../lib/rules/report.ts';
import { path } from '../../tools/control-plane/api.ts';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import {
  eventsAbout,
  hashAnnotation,
  optedIn,
  outcomeOf,
  prefix,
  reasonsIn,
  requestsIn,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
} from './run-pass.ts';

const { api, cluster } = testCluster();

const optIn = `${prefix}/update-on-config-change`;

const makeConfigMap = (namespace: string, name: string) =>
  api.create(configMap({ namespace, name, data: { a: '1' } }));
const change = (namespace: string, name: string, a = '2') =>
  api.patch(path('ConfigMap', namespace, name), { data: { a } });

test('only "true" opts in; "false" and no annotation do not, without a message; any other value does not, and is reported', async (t) => {
  const namespace = await testNamespace(t);
  await makeConfigMap(namespace, 'settings');
  const values = ['true', 'false', undefined, 'True', 'yes', '1', ' true', ''];
  for (const [n, value] of values.entries()) {
    const annotations = value === undefined ? {} : { [optIn]: value };
    await api.create(
      deployment({ namespace, name: `w${n}`, annotations, pod: using({ configMap: 'settings' }) }),
    );
  }
  const report = await runPass(namespace);
  assert.deepEqual(reasonsIn(report), {
    'Deployment/w0': 'FirstSeen',
    'Deployment/w3': 'InvalidAnnotation',
    'Deployment/w4': 'InvalidAnnotation',
    'Deployment/w5': 'InvalidAnnotation',
    'Deployment/w6': 'InvalidAnnotation',
    'Deployment/w7': 'InvalidAnnotation',
  });
  assert.ok(isComplete(report));
  for (const n of [1, 2, 3, 4, 5, 6, 7])
    assert.deepEqual(await templateAnnotations(namespace, `w${n}`), {}, `w${n}`);
  assert.equal(
    outcomeOf(report, 'w4').sentence,
    `annotation ${optIn} is "yes": it must be "true" or "false"`,
  );
  for (const n of [1, 2]) assert.deepEqual(await eventsAbout(namespace, `w${n}`), []);
});

test('an invalid annotation is reported as one Event, whose series grows with each pass', async (t) => {
  const namespace = await testNamespace(t);
  const annotations = { [optIn]: 'yes' };
  await api.create(deployment({ namespace, name: 'web', annotations }));
  const counts: (number | undefined)[] = [];
  for (let n = 0; n < 3; n += 1) {
    await runPass(namespace);
    const events = await eventsAbout(namespace, 'web');
    assert.equal(events.length, 1);
    counts.push(events[0]?.series?.count);
  }
  assert.deepEqual(counts, [undefined, 2, 3]);
  const [event] = await eventsAbout(namespace, 'web');
  assert.deepEqual([event?.type, event?.reason], ['Warning', 'InvalidAnnotation']);
});

test('opting out does not change the template, and opting in again finds the hash on it', async (t) => {
  const namespace = await testNamespace(t);
  const web = path('Deployment', namespace, 'web');
  await makeConfigMap(namespace, 'settings');
  await api.create(
    deployment({
      namespace,
      name: 'web',
      annotations: optedIn,
      pod: using({ configMap: 'settings' }),
    }),
  );
  await runPass(namespace);
  const annotations = await templateAnnotations(namespace, 'web');
  for (const value of ['false', null, 'no']) {
    await api.patch(web, { metadata: { annotations: { [optIn]: value } } });
    await change(namespace, 'settings');
    await runPass(namespace);
    assert.deepEqual(await templateAnnotations(namespace, 'web'), annotations);
  }
  assert.equal(await rollouts('Deployment', namespace, 'web'), 2);
  await change(namespace, 'settings', '1');
  await api.patch(web, { metadata: { annotations: optedIn } });
  assert.deepEqual(reasonsIn(await runPass(namespace)), { 'Deployment/web': 'UpToDate' });
});

test('a source that the workload ignores is not read, may be missing, and rolls nothing when it changes', async (t) => {
  const namespace = await testNamespace(t);
  await makeConfigMap(namespace, 'settings');
  await makeConfigMap(namespace, 'noise');
  await api.create(secret({ namespace, name: 'noise', data: { a: '1' } }));
  await api.create(
    deployment({
      namespace,
      name: 'web',
      annotations: {
        ...optedIn,
        [`${prefix}/extra-configmaps`]: 'noise',
        [`${prefix}/ignore-configmaps`]: ` noise , ${namespace}/absent ,`,
        [`${prefix}/ignore-secrets`]: 'noise',
      },
      pod: using(
        { configMap: 'settings' },
        { configMap: 'noise' },
        { configMap: 'absent' },
        { secret: 'noise' },
      ),
    }),
  );
  const audit = await auditFromHere(cluster);
  assert.deepEqual(outcomeOf(await runPass(namespace), 'web').changed, ['ConfigMap/settings']);
  const asked = { ...requestsIn(namespace), verb: 'get', resource: ['configmaps', 'secrets'] };
  const reads = await audit.entries(asked);
  assert.deepEqual(
    reads.map(({ objectRef }) => objectRef?.name),
    ['settings'],
  );
  await change(namespace, 'noise');
  await api.patch(path('Secret', namespace, 'noise'), { stringData: { a: '2' } });
  assert.deepEqual(reasonsIn(await runPass(namespace)), { 'Deployment/web': 'UpToDate' });
});

test('a name that is ignored as a ConfigMap is not ignored as a Secret', async (t) => {
  const namespace = await testNamespace(t);
  await makeConfigMap(namespace, 'shared');
  await api.create(secret({ namespace, name: 'shared', data: { a: '1' } }));
  const annotations = { ...optedIn, [`${prefix}/ignore-configmaps`]: 'shared' };
  await api.create(
    deployment({
      namespace,
      name: 'web',
      annotations,
      pod: using({ configMap: 'shared' }, { secret: 'shared' }),
    }),
  );
  assert.deepEqual(outcomeOf(await runPass(namespace), 'web').changed, ['Secret/shared']);
});

test('a source that its owner excluded is ignored everywhere; only the value "true" excludes it', async (t) => {
  const namespace = await testNamespace(t);
  const mark = (name: string, value: string) =>
    api.create(
      configMap({
        namespace,
        name,
        data: { a: '1' },
        annotations: { [`${prefix}/ignore`]: value },
      }),
    );
  await mark('noise', 'true');
  await mark('settings', 'false');
  for (const name of ['a', 'b']) {
    await api.create(
      deployment({
        namespace,
        name,
        annotations: optedIn,
        pod: using({ configMap: 'noise' }, { configMap: 'settings' }),
      }),
    );
  }
  const first = await runPass(namespace);
  for (const name of ['a', 'b'])
    assert.deepEqual(outcomeOf(first, name).changed, ['ConfigMap/settings']);
  await change(namespace, 'noise');
  assert.deepEqual(reasonsIn(await runPass(namespace)), {
    'Deployment/a': 'UpToDate',
    'Deployment/b': 'UpToDate',
  });
  await change(namespace, 'settings');
  assert.deepEqual(reasonsIn(await runPass(namespace)), {
    'Deployment/a': 'ConfigChanged',
    'Deployment/b': 'ConfigChanged',
  });
});

test('extra sources are optional, may name their own namespace, and may be separated by blanks', async (t) => {
  const namespace = await testNamespace(t);
  const annotations = {
    ...optedIn,
    [`${prefix}/extra-configmaps`]: ` settings ,, ${namespace}/more,later `,
    [`${prefix}/extra-secrets`]: 'login',
  };
  await makeConfigMap(namespace, 'settings');
  await makeConfigMap(namespace, 'more');
  await api.create(deployment({ namespace, name: 'web', annotations }));
  assert.deepEqual(outcomeOf(await runPass(namespace), 'web').changed, [
    'ConfigMap/later',
    'ConfigMap/more',
    'ConfigMap/settings',
    'Secret/login',
  ]);
  await makeConfigMap(namespace, 'later');
  const { reason, sentence } = outcomeOf(await runPass(namespace), 'web');
  assert.deepEqual([reason, sentence], ['ConfigChanged', 'ConfigMap/later now exists']);
});

test('a list with an invalid name is reported, and the workload is not changed', async (t) => {
  const namespace = await testNamespace(t);
  await makeConfigMap(namespace, 'settings');
  const lists: [string, string][] = [
    ['extra-configmaps', 'settings,Settings'],
    ['extra-secrets', 'a/b/c'],
    ['ignore-configmaps', '../x'],
    ['ignore-secrets', 'a b'],
  ];
  for (const [annotation, value] of lists) {
    const annotations = { ...optedIn, [`${prefix}/${annotation}`]: value };
    await api.create(deployment({ namespace, name: annotation, annotations }));
  }
  const report = await runPass(namespace);
  for (const [annotation, value] of lists) {
    const { reason, sentence } = outcomeOf(report, annotation);
    assert.equal(reason, 'InvalidAnnotation');
    assert.ok(
      sentence.startsWith(
        `annotation ${prefix}/${annotation} contains ${JSON.stringify(value.split(',').at(-1))}`,
      ),
      sentence,
    );
    assert.deepEqual(await templateAnnotations(namespace, annotation), {});
  }
});

test('a source of another namespace is denied unless the setting allows its namespace', async (t) => {
  const [own, other] = await Promise.all([testNamespace(t), testNamespace(t)]);
  await makeConfigMap(other, 'shared');
  await makeConfigMap(own, 'settings');
  await api.create(
    deployment({
      namespace: own,
      name: 'web',
      annotations: { ...optedIn, [`${prefix}/extra-configmaps`]: `${other}/shared` },
      pod: using({ configMap: 'settings' }),
    }),
  );
  const audit = await auditFromHere(cluster);
  for (const crossNamespaceReferences of [[], [own], ['some-other']]) {
    const report = await runPass(own, { settings: { crossNamespaceReferences } });
    const { reason, sentence } = outcomeOf(report, 'web');
    assert.equal(reason, 'CrossNamespaceDenied');
    assert.equal(
      sentence,
      `ConfigMap/${other}/shared belongs to another namespace, and the setting crossNamespaceReferences does not allow it`,
    );
    assert.ok(isComplete(report));
  }
  assert.deepEqual(await templateAnnotations(own, 'web'), {});
  assert.deepEqual(await audit.entries(requestsIn(other)), []);
  const [event, ...more] = await eventsAbout(own, 'web');
  assert.deepEqual([event?.type, event?.reason, more], ['Warning', 'CrossNamespaceDenied', []]);
});

for (const how of ['named', '*'] as const) {
  test(`a source of another namespace is used if the setting allows it (${how})`, async (t) => {
    const [own, other] = await Promise.all([testNamespace(t), testNamespace(t)]);
    const settings = { crossNamespaceReferences: [how === 'named' ? other : how] };
    await makeConfigMap(other, 'shared');
    await makeConfigMap(own, 'shared');
    const annotations = {
      ...optedIn,
      [`${prefix}/extra-configmaps`]: `${other}/shared,shared`,
      [`${prefix}/extra-secrets`]: `${other}/absent`,
    };
    await api.create(deployment({ namespace: own, name: 'web', annotations }));
    await runPass(own, { settings });
    assert.deepEqual(
      Object.keys(JSON.parse((await templateAnnotations(own, 'web'))[sourcesAnnotation] ?? '')),
      ['hash', 'ConfigMap/shared', `ConfigMap/${other}/shared`, `Secret/${other}/absent`],
    );
    await change(other, 'shared');
    const { reason, changed } = outcomeOf(await runPass(own, { settings }), 'web');
    assert.deepEqual([reason, changed], ['ConfigChanged', [`ConfigMap/${other}/shared`]]);
    assert.deepEqual(reasonsIn(await runPass(own, { settings })), { 'Deployment/web': 'UpToDate' });
  });
}

test('a workload that is being deleted is not changed or reported, and its sources are not read', async (t) => {
  const namespace = await testNamespace(t);
  const web = path('Deployment', namespace, 'web');
  t.after(() => api.patch(web, { metadata: { finalizers: null } }, 'merge'));
  await makeConfigMap(namespace, 'settings');
  const made = deployment({
    namespace,
    name: 'web',
    annotations: optedIn,
    pod: using({ configMap: 'settings' }),
  });
  await api.create({ ...made, metadata: { ...made.metadata, finalizers: ['example.com/wait'] } });
  await api.delete(web);
  const audit = await auditFromHere(cluster);
  const report = await runPass(namespace);
  assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'Deleting' });
  assert.ok(isComplete(report));
  const requests = await audit.entries(requestsIn(namespace));
  assert.deepEqual(new Set(requests.map(({ verb }) => verb)), new Set(['list']));
});

test('if Pods do not follow at once, the Event says when they do', async (t) => {
  const namespace = await testNamespace(t);
  await makeConfigMap(namespace, 'settings');
  const common = { namespace, annotations: optedIn, pod: using({ configMap: 'settings' }) };
  const onDelete = { updateStrategy: { type: 'OnDelete' } };
  await api.create(deployment({ ...common, name: 'paused', spec: { paused: true } }));
  await api.create(statefulSet({ ...common, name: 'set', spec: onDelete }));
  await api.create(daemonSet({ ...common, name: 'daemon', spec: onDelete }));
  await api.create(deployment({ ...common, name: 'plain' }));
  const expected = {
    paused: '; it is paused: Pods restart when it is resumed',
    set: '; its update strategy is OnDelete: Pods restart when they are deleted',
    daemon: '; its update strategy is OnDelete: Pods restart when they are deleted',
    plain: '',
  };
  const first = await runPass(namespace);
  await change(namespace, 'settings');
  const second = await runPass(namespace);
  for (const [name, later] of Object.entries(expected)) {
    const firstSentence = `first seen, 1 source: the hash is written, which restarts it once${later}`;
    assert.equal(outcomeOf(first, name).sentence, firstSentence);
    assert.equal(outcomeOf(second, name).sentence, `ConfigMap/settings changed${later}`);
    assert.deepEqual(
      (await eventsAbout(namespace, name)).map(({ note }) => note),
      [firstSentence, `ConfigMap/settings changed${later}`],
    );
  }
  assert.match(
    (await templateAnnotations(namespace, 'paused'))[hashAnnotation] ?? '',
    /^[0-9a-f]{64}$/,
  );
});

test('a paused Deployment rolls once when it is resumed, even after several changes', async (t) => {
  const namespace = await testNamespace(t);
  const web = path('Deployment', namespace, 'web');
  await makeConfigMap(namespace, 'settings');
  await api.create(
    deployment({
      namespace,
      name: 'web',
      annotations: optedIn,
      pod: using({ configMap: 'settings' }),
    }),
  );
  await runPass(namespace);
  assert.equal(await rollouts('Deployment', namespace, 'web'), 2);
  await api.patch(web, { spec: { paused: true } });
  for (const a of ['2', '3']) {
    await change(namespace, 'settings', a);
    await runPass(namespace);
  }
  assert.equal(await rollouts('Deployment', namespace, 'web'), 2);
  await api.patch(web, { spec: { paused: false } });
  assert.equal(await rollouts('Deployment', namespace, 'web'), 3);
});
