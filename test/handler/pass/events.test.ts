import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import {
  configMap,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../../tools/control-plane/objects.ts';
import {
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { answer, loseAnswer, status } from '../../faults/faults.ts';
import {
  eventsAbout,
  getting,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  reasonsIn,
  requestsIn,
  runPass,
  templateAnnotations,
} from '../run-pass.ts';

const { api, cluster } = testCluster();

test('the Event of a rollout names the changed source, and is recorded on the workload', async (t) => {
  const namespace = await testNamespace(t);
  const web = path('Deployment', namespace, 'web');
  for (const name of ['same', 'changes', 'goes', 'leaves'])
    await api.create(configMap({ namespace, name, data: { a: '1' } }));
  await api.create(secret({ namespace, name: 'login', data: { a: '1' } }));
  const pod = using(
    { configMap: 'same' },
    { configMap: 'changes' },
    { configMap: 'goes', optional: true },
    { configMap: 'comes', optional: true },
    { configMap: 'leaves' },
    { secret: 'login' },
  );
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  await runPass(namespace);
  await api.patch(path('ConfigMap', namespace, 'changes'), { data: { a: '2' } });
  await api.delete(path('ConfigMap', namespace, 'goes'));
  await api.create(configMap({ namespace, name: 'comes' }));
  await api.patch(web, {
    metadata: {
      annotations: {
        [`${prefix}/ignore-configmaps`]: 'leaves',
        [`${prefix}/extra-configmaps`]: 'more',
      },
    },
  });
  const report = await runPass(namespace);
  const { reason, sentence, changed } = outcomeOf(report, 'web');
  assert.equal(reason, 'ConfigChanged');
  assert.deepEqual(changed, [
    'ConfigMap/changes',
    'ConfigMap/comes',
    'ConfigMap/goes',
    'ConfigMap/more',
    'ConfigMap/leaves',
  ]);
  assert.equal(
    sentence,
    'ConfigMap/changes changed, ConfigMap/comes now exists, ConfigMap/goes no longer exists and 2 more',
  );
  const events = await eventsAbout(namespace, 'web');
  assert.deepEqual(
    events.map((it) => [it.reason, it.note]),
    [
      ['FirstSeen', 'first seen, 6 sources: the hash is written, which restarts it once'],
      ['ConfigChanged', sentence],
    ],
  );
  const { metadata, ...about } = await api.get(web);
  for (const event of events) {
    assert.equal(event.type, 'Normal');
    assert.equal(event.action, 'WriteHash');
    assert.equal(event['reportingInstance'], 'wave-cron-of-a-test');
    assert.deepEqual(event.regarding, {
      apiVersion: about.apiVersion,
      kind: about.kind,
      namespace,
      name: 'web',
      uid: metadata.uid,
    });
  }
});

test('each rollout has its own Event, even with the same text', async (t) => {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const pod = using({ configMap: 'settings' });
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  for (const a of ['1', '2', '3', '3']) {
    await api.patch(path('ConfigMap', namespace, 'settings'), { data: { a } });
    await runPass(namespace);
  }
  assert.deepEqual(
    (await eventsAbout(namespace, 'web')).map(({ reason, series }) => [reason, series]),
    [
      ['FirstSeen', undefined],
      ['ConfigChanged', undefined],
      ['ConfigChanged', undefined],
    ],
  );
});

test('a warning that stays is one Event, whose series has the count and the last time', async (t) => {
  const namespace = await testNamespace(t);
  const { kubeconfig } = await serviceAccount(t, {
    namespace,
    // Continuing a series of an Event needs no permission to get or list Events.
    rules: [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps')],
  });
  const pod = using({ configMap: 'settings' });
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  await runPass(namespace, { kubeconfig });
  const [first] = await eventsAbout(namespace, 'web');
  assert.equal(first?.series, undefined);
  await runPass(namespace, { kubeconfig });
  const [second, ...none] = await eventsAbout(namespace, 'web');
  assert.deepEqual(none, []);
  assert.equal(second?.metadata.uid, first?.metadata.uid);
  assert.equal(second?.series?.count, 2);
  assert.equal(second?.['eventTime'], first?.['eventTime']);

  // Another problem is another Event.
  await api.create(configMap({ namespace, name: 'settings' }));
  const env = [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'k' } } }];
  const containers = [{ name: 'main', env }];
  await api.patch(path('Deployment', namespace, 'web'), {
    spec: { template: { spec: { containers } } },
  });
  await runPass(namespace, { kubeconfig });
  assert.deepEqual(
    (await eventsAbout(namespace, 'web')).map(({ note, series }) => [note, series?.count]),
    [
      ['ConfigMap/settings does not exist', 2],
      ['ConfigMap/settings has no key "k"', undefined],
    ],
  );
});

test('a warning about a workload that was created again is a new Event', async (t) => {
  const namespace = await testNamespace(t);
  const web = deployment({
    namespace,
    name: 'web',
    annotations: optedIn,
    pod: using({ configMap: 'settings' }),
  });
  for (let n = 0; n < 2; n += 1) {
    await api.create(web);
    await runPass(namespace);
    const at = path('Deployment', namespace, 'web');
    await api.delete(at, { propagationPolicy: 'Background' });
    await api.waitFor(at, (it) => it === undefined);
  }
  const events = await eventsAbout(namespace, 'web');
  assert.equal(events.length, 2);
  assert.notEqual(events[0]?.regarding.uid, events[1]?.regarding.uid);
});

test('an outcome that needs no attention has no Event', async (t) => {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const pod = using({ configMap: 'settings' });
  await api.create(statefulSet({ namespace, name: 'web', annotations: optedIn, pod }));
  await runPass(namespace);
  const audit = await auditFromHere(cluster);
  assert.deepEqual(reasonsIn(await runPass(namespace)), { 'StatefulSet/web': 'UpToDate' });
  assert.deepEqual(await audit.entries({ ...requestsIn(namespace), resource: 'events' }), []);
});

test('if Events may not be written, the pass does its work anyway, and says how many Events were lost', async (t) => {
  const namespace = await testNamespace(t);
  const { kubeconfig } = await serviceAccount(t, {
    namespace,
    rules: [...permissionsOnWorkloads, getting('configmaps')],
  });
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const make = (name: string, source: string) =>
    api.create(
      deployment({ namespace, name, annotations: optedIn, pod: using({ configMap: source }) }),
    );
  await make('a', 'settings');
  await make('b', 'settings');
  await make('c', 'absent');
  const report = await runPass(namespace, { kubeconfig });
  assert.deepEqual(reasonsIn(report), {
    'Deployment/a': 'FirstSeen',
    'Deployment/b': 'FirstSeen',
    'Deployment/c': 'MissingSource',
  });
  assert.equal(report.pass, 'Completed');
  assert.ok(isComplete(report));
  assert.equal(report.eventsLost, 3);
  assert.match(
    report.eventProblem ?? '',
    /^events\.events\.k8s\.io is forbidden: .* \[HTTP 403\]$/,
  );
});

test('an Event that could not be written in one pass does not keep the next pass from writing its own', async (t) => {
  const namespace = await testNamespace(t);
  const proxy = await faultProxy(t);
  const pod = using({ configMap: 'absent' });
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  proxy.on('POST', /\/events\?/, answer(status(403, 'Forbidden', 'no')), { times: 1 });
  const kubeconfig = proxy.kubeconfig();
  assert.equal((await runPass(namespace, { kubeconfig })).eventsLost, 1);
  assert.equal((await runPass(namespace, { kubeconfig })).eventsLost, 0);
  assert.equal((await eventsAbout(namespace, 'web')).length, 1);
});

const optional = using({ configMap: 'absent', optional: true });

test('an Event whose response is lost is recorded exactly once', async (t) => {
  const namespace = await testNamespace(t);
  const proxy = await faultProxy(t);
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod: optional }));
  proxy.on('POST', /\/events\?/, loseAnswer, { times: 1 });
  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  assert.equal(report.eventsLost, 0);
  const told = await eventsAbout(namespace, 'web');
  // The series records how often the hash was written. A count of two would be one too many.
  assert.deepEqual([told.length, told[0]?.series ?? null], [1, null]);
});

test('a note is cut to the size limit of the API server, in bytes', async (t) => {
  const namespace = await testNamespace(t);
  const proxy = await faultProxy(t);
  const pod = using(...['a', 'b', 'c', 'd'].map((name) => ({ configMap: name })));
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  // The message of an admission webhook or a proxy may be in any language.
  proxy.on('GET', /\/configmaps\//, answer(status(403, 'Forbidden', 'ключ🔑'.repeat(60))));
  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  assert.equal(report.eventProblem, undefined);
  const [event] = await eventsAbout(namespace, 'web');
  assert.ok(Buffer.byteLength(event?.note ?? '') > 1000);
  assert.ok(Buffer.byteLength(event?.note ?? '') <= 1024);
  assert.match(event?.note ?? '', /^ConfigMap\/a could not be read: .*\.\.\.$/);
  assert.ok(event?.note.isWellFormed() && !event.note.includes('\ufffd'));
});

test('a workload with a name of maximum length has its Event', async (t) => {
  const namespace = await testNamespace(t);
  const name = `${'a'.repeat(230)}.${'b'.repeat(22)}`;
  const web = deployment({ namespace, name: 'web', annotations: optedIn, pod: optional });
  await api.create({ ...web, metadata: { ...web.metadata, name } });
  assert.equal((await runPass(namespace)).eventsLost, 0);
  assert.equal((await eventsAbout(namespace, name)).length, 1);
});

test('no value of a source is in an event, a report or an annotation', async (t) => {
  const namespace = await testNamespace(t);
  const planted = ['planted-5f4dcc3b', 'planted-2c103f2c'];
  const encoded = planted.map((text) => Buffer.from(text).toString('base64'));
  const [before = '', now = ''] = planted;
  await api.create(secret({ namespace, name: 'login', data: { password: before } }));
  await api.create(configMap({ namespace, name: 'settings', data: { token: before } }));
  const pod = using({ configMap: 'settings' }, { secret: 'login' });
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  const reports = [await runPass(namespace)];
  await api.patch(path('Secret', namespace, 'login'), { stringData: { password: now } });
  await api.patch(path('ConfigMap', namespace, 'settings'), { data: { token: now } });
  reports.push(await runPass(namespace), await runPass(namespace));
  await api.delete(path('Secret', namespace, 'login'));
  reports.push(await runPass(namespace));
  assert.deepEqual(
    reports.map((report) => outcomeOf(report, 'web').reason),
    ['FirstSeen', 'ConfigChanged', 'UpToDate', 'MissingSource'],
  );
  const told = JSON.stringify([
    reports,
    await eventsAbout(namespace, 'web'),
    await templateAnnotations(namespace, 'web'),
  ]);
  for (const value of [...planted, ...encoded]) assert.ok(!told.includes(value), value);
});
