/** The setting `namePatterns`: patterns of names in annotations. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { keepWithNames, SourceNames } from '../../../handler/reading/source-names.ts';
import { FairLimit } from '../../../lib/concurrency/fair-limit.ts';
import type { Cluster } from '../../../lib/kubernetes/cluster.ts';
import { isComplete } from '../../../lib/rules/report.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import type { Settings } from '../../../lib/settings/schema.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { configMap, deployment, secret, using } from '../../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { runExplain } from '../../jobs/run-explain.ts';
import { names, someWorkload } from '../../lib/rules/some-workload.ts';
import {
  getting,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  requestsIn,
  runPass,
} from '../run-pass.ts';

const { api, cluster } = testCluster();

const settings: Partial<Settings> = { namePatterns: ['ConfigMap', 'Secret'] };
const extra = (value: string) => ({ ...optedIn, [`${prefix}/extra-configmaps`]: value });

const make = (namespace: string, name: string, a = '1') =>
  api.create(configMap({ namespace, name, data: { a } }));
const change = (namespace: string, name: string, a = '2') =>
  api.patch(path('ConfigMap', namespace, name), { data: { a } });

/** Deployment `web` with these annotations, and three ConfigMaps. */
async function shop(
  t: Parameters<typeof testNamespace>[0],
  annotations: Record<string, string>,
): Promise<string> {
  const namespace = await testNamespace(t);
  for (const name of ['settings', 'app-1', 'other']) await make(namespace, name);
  const pod = using({ configMap: 'settings' });
  await api.create(deployment({ namespace, name: 'web', annotations, pod }));
  return namespace;
}

test('a pattern adds matching sources: a changed, a new and a deleted one roll the workload once each', async (t) => {
  const namespace = await shop(t, extra('app-*'));
  const decided = async () => outcomeOf(await runPass(namespace, { settings }), 'web');
  assert.equal((await decided()).reason, 'FirstSeen');
  assert.equal((await decided()).reason, 'UpToDate');
  await change(namespace, 'other');
  assert.equal((await decided()).reason, 'UpToDate');
  await change(namespace, 'app-1');
  assert.deepEqual((await decided()).changed, ['ConfigMap/app-1']);
  await make(namespace, 'app-2');
  assert.deepEqual((await decided()).changed, ['ConfigMap/app-2']);
  await api.delete(path('ConfigMap', namespace, 'app-1'));
  assert.deepEqual((await decided()).changed, ['ConfigMap/app-1']);
  assert.equal((await decided()).reason, 'UpToDate');
  assert.equal(await rollouts('Deployment', namespace, 'web'), 5);
});

test('a pattern in a list of Reloader opts in and adds matching sources', async (t) => {
  const namespace = await shop(t, { 'secret.reloader.stakater.com/reload': 'tls-.*' });
  const reloader: Partial<Settings> = { ...settings, compatibility: ['reloader'] };
  await api.create(secret({ namespace, name: 'tls-a', data: { a: '1' } }));
  const decided = async () =>
    outcomeOf(await runPass(namespace, { settings: reloader }), 'web').reason;
  assert.equal(await decided(), 'FirstSeen');
  await change(namespace, 'settings');
  assert.equal(await decided(), 'UpToDate');
  await api.create(secret({ namespace, name: 'tls-b', data: { a: '1' } }));
  assert.equal(await decided(), 'ConfigChanged');
});

test('names are listed once in a pass, and only for patterns', async (t) => {
  const namespace = await shop(t, extra('app-*'));
  const pod = using({ configMap: 'settings' });
  await api.create(deployment({ namespace, name: 'two', annotations: extra('o*,a*'), pod }));
  const lists = async (more: Partial<Settings>) => {
    const audit = await auditFromHere(cluster);
    await runPass(namespace, { settings: more });
    const asked = { ...requestsIn(namespace), verb: 'list', resource: 'configmaps' };
    return (await audit.entries(asked)).length;
  };
  assert.equal(await lists(settings), 1);
  assert.equal(await lists({}), 0);
});

test('without the permission to list, the workload is not changed and the pass says which names are missing', async (t) => {
  const namespace = await shop(t, extra('app-*'));
  const rules = [...permissionsOnWorkloads, getting('configmaps'), permissionsOnEvents];
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  const report = await runPass(namespace, { kubeconfig, settings });
  const { reason, sentence } = outcomeOf(report, 'web');
  assert.equal(reason, 'UnreadableSource');
  assert.match(sentence, /^the names of the ConfigMaps that its patterns match .*cannot list/);
  assert.equal(isComplete(report), false);
  const refused = outcomeOf(await runPass(namespace), 'web');
  assert.equal(refused.reason, 'InvalidAnnotation');
});

test('with restart: if-stale, a deleted source restarts Pods that may have read it', async (t) => {
  const namespace = await shop(t, extra('app-*'));
  const stale: Partial<Settings> = { ...settings, restart: 'if-stale', clockTolerance: '0s' };
  const decided = async () => outcomeOf(await runPass(namespace, { settings: stale }), 'web');
  assert.equal((await decided()).reason, 'FirstSeen');
  await pause(1_100);
  const web = path('Deployment', namespace, 'web');
  await api.patch(web, { spec: { replicas: 1 } });
  // A Pod that is created later has no node, so it counts as newer than the deletion.
  await api.waitFor(
    web,
    (it) => (it?.status as { updatedReplicas?: number })?.updatedReplicas === 1,
  );
  const list = await api.get<{ items: { metadata: { name?: string } }[] }>(path('Pod', namespace));
  for (const { metadata } of list?.items ?? []) {
    await api.post(`${path('Pod', namespace, metadata.name)}/binding`, {
      ...{ apiVersion: 'v1', kind: 'Binding', metadata: { name: metadata.name, namespace } },
      target: { apiVersion: 'v1', kind: 'Node', name: 'a-node' },
    });
  }
  await pause(1_100);
  await api.delete(path('ConfigMap', namespace, 'app-1'));
  const { reason, sentence } = await decided();
  assert.equal(reason, 'ConfigChanged', sentence);
  assert.match(sentence, /ConfigMap\/app-1 does not exist any more, and it is unknown since when/);
});

test('explain names each source that a pattern matches, with the annotation as its place', async (t) => {
  const namespace = await shop(t, extra('app-*'));
  const flags = { namePatterns: 'ConfigMap' };
  const { text } = await runExplain({ workload: 'deploy/web', namespace, flags }, 'json');
  const { references } = JSON.parse(text);
  const sources = references.map(({ source }: { source: string }) => source);
  assert.deepEqual(sources, ['ConfigMap/app-1', 'ConfigMap/settings']);
});

suite('the names of sources', () => {
  const { signal } = new AbortController();
  const contextOf = (list: Cluster['listSourceMetadata']) => ({
    cluster: { listSourceMetadata: list } as unknown as Cluster,
    ...{ signal, clock: systemClock, annotationKeys: names, reads: new FairLimit(4) },
  });

  test('are no longer read if there are too many, and old lists are dropped for new ones', async () => {
    let pages = 0;
    let lists = 0;
    const context = contextOf(async (_kind, _namespace, _signal, onPage) => {
      lists += 1;
      for (let page = 0; page < 100; page += 1) {
        pages += 1;
        onPage(
          Array.from({ length: 200 }, (_, i) => ({ name: `c${page}-${i}` })),
          false,
        );
      }
    });
    const read = new SourceNames(context);
    const first = (await read.of('n0', ['ConfigMap'])).get('ConfigMap');
    assert.ok(first?.state === 'read' && first.names.length === 10_200);
    assert.equal(pages, 51);
    await read.of('n0', ['ConfigMap']);
    assert.equal(lists, 1);
    for (const n of [1, 2, 3, 4]) await read.of(`n${n}`, ['ConfigMap']);
    assert.equal(lists, 5);
    await read.of('n0', ['ConfigMap']);
    assert.equal(lists, 6);
    await read.of('n4', ['ConfigMap']);
    assert.equal(lists, 6);
  });

  test('start again when the list starts again', async () => {
    const context = contextOf(async (_kind, _namespace, _signal, onPage) => {
      onPage([{ name: 'old' }], false);
      onPage([{ name: 'new' }, {}], true);
    });
    const found = await new SourceNames(context).of('shop', ['Secret']);
    assert.deepEqual(found.get('Secret'), { state: 'read', names: ['new'] });
  });

  test('are not read for a workload that needs none', async () => {
    const read = new SourceNames(contextOf(() => assert.fail('names were read')));
    const web = someWorkload();
    assert.equal(await keepWithNames(() => web, read)('Deployment', {}), web);
    assert.equal(await keepWithNames(() => undefined, read)('Deployment', {}), undefined);
  });
});
