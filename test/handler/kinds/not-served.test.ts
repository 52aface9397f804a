/** The settings name a kind that the cluster does not have, or the cluster cannot say whether it has the kind. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { workloadEntry } from '../../../lib/kubernetes/kinds.ts';
import { isComplete, notServedSentence } from '../../../lib/rules/report.ts';
import { configMap, deployment, using } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { answer, status } from '../../faults/faults.ts';
import { runProgram } from '../../jobs/run-program.ts';
import { eventsAbout, optedIn, reasonsIn, runPass } from '../run-pass.ts';
import { customWorkload, ownKind, pathOf } from './definitions.ts';
import { kindStage } from './stage.ts';

const { api, cluster } = testCluster();

/** A namespace with Deployment `web`, which must be handled even if other kinds are missing. */
async function shop(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const pod = using({ configMap: 'settings', key: 'a' });
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  return namespace;
}

const absent = 'Widget.v1.absent.wave-cron.test';

test('a kind whose API group is not installed causes one warning, and all other kinds are handled', async (t) => {
  const namespace = await shop(t);
  const report = await runPass(namespace, { settings: { kinds: [absent, 'Deployment'] } });
  assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'FirstSeen' });
  assert.deepEqual(report.listProblems, []);
  assert.deepEqual(report.kindsNotServed, [
    { kind: absent, why: 'the cluster has no API group absent.wave-cron.test' },
  ]);
  assert.ok(isComplete(report));
});

test('once and plan end with status 0 and one line about it', async (t) => {
  const namespace = await shop(t);
  const args = ['--namespaces', namespace, '--kinds', `Deployment,${absent}`];
  for (const command of ['plan', 'once']) {
    const own = command === 'once' ? ['--lease-namespace', namespace] : [];
    const {
      status: exit,
      stderr,
      stdout,
    } = await runProgram([command, ...args, ...own], {
      KUBECONFIG: cluster.kubeconfig,
    });
    assert.equal(exit, 0, stderr);
    const lines = `${stdout}\n${stderr}`
      .split('\n')
      .filter((line) => line.includes('not served') || line.includes(absent));
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0] ?? '', /no workload of it is handled: the cluster has no API group/);
  }
});

test('if the cluster only serves other versions of a kind, the warning names them', async (t) => {
  const { kind } = await ownKind(t);
  const { group } = workloadEntry(kind);
  const namespace = await shop(t);
  const wrong = `Widget.v7.${group}` as const;
  const { kindsNotServed } = await runPass(namespace, {
    settings: { kinds: ['Deployment', wrong] },
  });
  assert.deepEqual(kindsNotServed, [
    { kind: wrong, why: `the cluster serves the API group ${group} only as v1` },
  ]);
});

test('a kind that its API does not have, and a cluster-scoped kind, are reported', async (t) => {
  const { kind } = await ownKind(t, { scope: 'Cluster' });
  const { group } = workloadEntry(kind);
  const namespace = await shop(t);
  const kinds = ['Deployment', `Gadget.v1.${group}`, kind] as const;
  const report = await runPass(namespace, { settings: { kinds } });
  assert.deepEqual(report.kindsNotServed?.map(notServedSentence), [
    `the setting kinds includes Gadget.v1.${group}, and no workload of it is handled: the API ${group}/v1 of the cluster has no kind Gadget`,
    `the setting kinds includes ${kind}, and no workload of it is handled: it is cluster-scoped, and wave-cron handles only kinds of namespaces`,
  ]);
  assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'FirstSeen' });
});

test('an API group that does not respond makes the pass incomplete, and all other kinds are handled', async (t) => {
  const { kind } = await ownKind(t);
  const namespace = await shop(t);
  const proxy = await faultProxy(t);
  const down = answer(status(503, 'ServiceUnavailable', 'service unavailable'));
  proxy.on('GET', /\.wave-cron\.test\/v1/, down);
  const settings = { kinds: ['Deployment', kind] } as const;
  const report = await runPass(namespace, { settings, kubeconfig: proxy.kubeconfig() });
  assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'FirstSeen' });
  assert.equal(report.kindsNotServed, undefined);
  assert.deepEqual(
    report.listProblems.map(({ what }) => what),
    [`${kind} objects`],
  );
  assert.match(report.listProblems[0]?.why ?? '', /service unavailable/);
  assert.ok(!isComplete(report));
});

test('a kind that disappears between two passes is reported in the second one, and handled again when it is back', async (t) => {
  const { kind, remove } = await ownKind(t);
  const stage = await kindStage(t, kind);
  await stage.create();
  assert.deepEqual(reasonsIn(await stage.pass()), { [`${kind}/web`]: 'FirstSeen' });
  await remove();
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), {});
  assert.deepEqual(
    report.kindsNotServed?.map((each) => each.kind),
    [kind],
  );
  assert.ok(isComplete(report));
});

test('the plural of a kind is the one that the cluster uses, even if it is unusual', async (t) => {
  const plural = 'widgetry';
  const { kind } = await ownKind(t, { plural });
  const stage = await kindStage(t, kind, plural);
  await stage.create();
  assert.deepEqual(reasonsIn(await stage.pass()), { [`${kind}/web`]: 'FirstSeen' });
  assert.match((await stage.hash()) ?? '', /^[0-9a-f]{64}$/);
});

test('an opted-in object without a pod template causes one warning, and each pass continues the same Event', async (t) => {
  const { kind } = await ownKind(t);
  const namespace = await shop(t);
  const object = customWorkload(kind, { namespace, name: 'bare', annotations: optedIn });
  await api.post(pathOf(kind, namespace), { ...object, spec: { size: 3 } });
  const settings = { kinds: ['Deployment', kind] } as const;
  const report = await runPass(namespace, { settings });
  await runPass(namespace, { settings });
  assert.deepEqual(reasonsIn(report), {
    'Deployment/web': 'FirstSeen',
    [`${kind}/bare`]: 'CannotRestart',
  });
  assert.ok(isComplete(report));
  const events = await eventsAbout(namespace, 'bare');
  assert.deepEqual(
    events.map(({ type, reason, series }) => [type, reason, series?.count]),
    [['Warning', 'CannotRestart', 2]],
  );
  assert.match(events[0]?.note ?? '', /it has no pod template at spec\.template/);
});
