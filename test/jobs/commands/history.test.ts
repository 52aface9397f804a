import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Revision } from '../../../lib/explanation/revisions.ts';
import { path } from '../../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import {
  optedIn,
  permissionsOnWorkloads,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
  type WorkloadKind,
} from '../../handler/run-pass.ts';
import { runExplain, runHistory } from '../run-explain.ts';
import { runProgram } from '../run-program.ts';

const { api, cluster } = testCluster();

const pod = using({ configMap: 'settings' }, { secret: 'credentials' });
const makers = { Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet };
const kinds: readonly WorkloadKind[] = ['Deployment', 'StatefulSet', 'DaemonSet'];

/** Creates workload web with two sources, and waits until the controller has seen the workload. */
async function shop(namespace: string, kind: WorkloadKind = 'Deployment'): Promise<void> {
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  await api.create(secret({ namespace, name: 'credentials', data: { password: 'planted' } }));
  await api.create(makers[kind]({ namespace, name: 'web', annotations: optedIn, pod }));
  await rollouts(kind, namespace, 'web');
}

/** Runs a pass, and waits until the controller has created a revision for its write. */
async function pass(namespace: string, kind: WorkloadKind = 'Deployment'): Promise<void> {
  await runPass(namespace);
  await rollouts(kind, namespace, 'web');
}

const change = (namespace: string, level: string) =>
  api.patch(path('ConfigMap', namespace, 'settings'), { data: { level } });

async function revisions(namespace: string, kind: WorkloadKind = 'Deployment') {
  const asked = { workload: `${kind}/web`, namespace };
  const { status, text } = await runHistory(asked, 'json');
  assert.equal(status, 0, text);
  const json: { workload: object; revisions: Revision[] } = JSON.parse(text);
  assert.deepEqual(json.workload, { kind, namespace, name: 'web' });
  return json.revisions;
}

const inWords = (all: readonly Revision[]) => all.map(({ revision, what }) => [revision, what]);

for (const kind of kinds) {
  test(`each revision of a ${kind} says which sources changed since the revision before`, async (t) => {
    const namespace = await testNamespace(t);
    await shop(namespace, kind);
    await pass(namespace, kind);
    await change(namespace, 'debug');
    await pass(namespace, kind);
    await change(namespace, 'trace');
    // Without a hash key, the time of the last write identifies a Secret's value, in whole seconds.
    await setTimeout(1100);
    await api.delete(path('Secret', namespace, 'credentials'));
    await api.create(secret({ namespace, name: 'credentials', data: { password: 'planted-2' } }));
    await pass(namespace, kind);

    const found = await revisions(namespace, kind);
    assert.deepEqual(inWords(found), [
      [4, 'ConfigMap/settings changed, Secret/credentials may have changed'],
      [3, 'ConfigMap/settings changed'],
      [2, 'the hash was first written'],
      [1, 'the first, without a hash'],
    ]);
    assert.deepEqual(
      found.map(({ current }) => current),
      [true, false, false, false],
    );
    const hashes = found.map(({ configHash }) => configHash);
    assert.equal(new Set(hashes).size, 4);
    assert.equal(hashes.at(-1), null);
    for (const { createdAt, name } of found) {
      assert.ok(!Number.isNaN(Date.parse(createdAt ?? '')));
      assert.match(name, /^web-/);
    }
  });
}

test('a change of anything but the configuration is shown as another change', async (t) => {
  const namespace = await testNamespace(t);
  await shop(namespace);
  await pass(namespace);
  const containers = [{ name: 'main', image: 'example.com/main:2' }];
  await api.patch(path('Deployment', namespace, 'web'), {
    spec: { template: { spec: { containers } } },
  });
  await rollouts('Deployment', namespace, 'web');
  const restart = { 'kubectl.kubernetes.io/restartedAt': '2026-01-02T03:04:05Z' };
  await api.patch(path('Deployment', namespace, 'web'), {
    spec: { template: { metadata: { annotations: restart } } },
  });
  await rollouts('Deployment', namespace, 'web');
  const [restarted, changed] = inWords(await revisions(namespace));
  assert.deepEqual(changed, [3, 'other changes of the template']);
  assert.deepEqual(restarted, [4, 'restarted by kubectl rollout restart']);
});

test('a revision with a change of the configuration and of the template shows both', async (t) => {
  const namespace = await testNamespace(t);
  await shop(namespace);
  await pass(namespace);
  await api.patch(path('Deployment', namespace, 'web'), { spec: { paused: true } });
  const containers = [{ name: 'main', image: 'example.com/main:2' }];
  await api.patch(path('Deployment', namespace, 'web'), {
    spec: { template: { spec: { containers } } },
  });
  await change(namespace, 'debug');
  await pass(namespace);
  const paused = await runHistory({ workload: 'deploy/web', namespace });
  assert.match(paused.text, /The current template has no revision yet/);
  assert.doesNotMatch(paused.text, /\(current\)/);

  await api.patch(path('Deployment', namespace, 'web'), { spec: { paused: false } });
  await rollouts('Deployment', namespace, 'web');
  assert.deepEqual(inWords(await revisions(namespace))[0], [
    3,
    'ConfigMap/settings changed; other changes of the template',
  ]);
});

test('a return to an earlier template is shown as a rollback', async (t) => {
  const namespace = await testNamespace(t);
  await shop(namespace);
  await pass(namespace);
  await change(namespace, 'debug');
  await pass(namespace);
  await change(namespace, 'info');
  await pass(namespace);
  const found = await revisions(namespace);
  assert.deepEqual(
    found.map(({ revision, rolledBack, current }) => ({ revision, rolledBack, current })),
    [
      { revision: 4, rolledBack: true, current: true },
      { revision: 3, rolledBack: false, current: false },
      { revision: 1, rolledBack: false, current: false },
    ],
  );
  const { text } = await runHistory({ workload: 'deploy/web', namespace });
  assert.match(text, /^4 \(current\) .*rolled back: ConfigMap\/settings changed$/m);
});

test('with an invalid record, the history still works, but without the names of sources', async (t) => {
  const namespace = await testNamespace(t);
  await shop(namespace);
  await pass(namespace);
  const annotations = {
    ...(await templateAnnotations(namespace, 'web')),
    [sourcesAnnotation]: '{',
  };
  await api.patch(path('Deployment', namespace, 'web'), {
    spec: { template: { metadata: { annotations } } },
  });
  await rollouts('Deployment', namespace, 'web');
  await change(namespace, 'debug');
  await pass(namespace);
  assert.match((await revisions(namespace))[0]?.what ?? '', /no record of its sources/);
});

test('the table begins with the newest revision, and explain shows the same', async (t) => {
  const namespace = await testNamespace(t);
  await shop(namespace);
  await pass(namespace);
  await change(namespace, 'debug');
  await pass(namespace);
  const { kubeconfig } = cluster;
  const program = await runProgram(['history', 'deploy/web', '-n', namespace], {
    KUBECONFIG: kubeconfig,
  });
  assert.equal(program.status, 0, program.stderr);
  const [heading = '', ...rows] = program.stdout.trimEnd().split('\n');
  assert.match(heading, /^REVISION +TIME +CONFIG HASH +WHAT CHANGED$/);
  assert.equal(rows.length, 3);
  assert.match(rows[0] ?? '', /^3 \(current\) +\S+Z +[0-9a-f]{12} +ConfigMap\/settings changed$/);
  assert.match(rows[1] ?? '', /^2 +\S+Z +[0-9a-f]{12} +the hash was first written$/);
  assert.match(rows[2] ?? '', /^1 +\S+Z +none +the first, without a hash$/);
  const explained = await runExplain({
    ...{ workload: 'deploy/web', namespace },
    flags: { 'lease.namespace': namespace },
  });
  for (const row of rows) assert.ok(explained.text.includes(row), explained.text);
});

test('revisions that the caller may not read are an error, with exit status 3', async (t) => {
  const namespace = await testNamespace(t);
  await shop(namespace);
  const { kubeconfig } = await serviceAccount(t, { namespace, rules: permissionsOnWorkloads });
  const { status, text } = await runHistory({ workload: 'deploy/web', namespace, kubeconfig });
  assert.equal(status, 3);
  assert.match(text, /^the ReplicaSets of Deployment \S+\/web cannot be read: .*forbidden/);
});

test('a workload that does not exist is an error, with exit status 1', async (t) => {
  const namespace = await testNamespace(t);
  const { status, text } = await runHistory({ workload: 'deploy/web', namespace });
  assert.equal(status, 1);
  assert.match(text, /^Deployment \S+\/web does not exist/);
});
