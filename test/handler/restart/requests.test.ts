/** The requests of a pass with `restart: if-stale`, and its result if one of them is refused. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import type { Settings } from '../../../lib/settings/schema.ts';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { configMap, deployment, statefulSet, using } from '../../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { shortPages } from '../../faults/faults.ts';
import {
  eventsAbout,
  getting,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  reasonsIn,
  requestsIn,
  runPass,
} from '../run-pass.ts';

const { api, cluster } = testCluster();

const ifStale: { settings: Partial<Settings> } = {
  settings: { restart: 'if-stale', clockTolerance: '0s' },
};
const pod = using({ configMap: 'settings' });

/** A Deployment and a StatefulSet after their first pass, with Pods that are not scheduled. */
async function stage(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const workload = { namespace, annotations: optedIn, pod };
  await api.create(deployment({ ...workload, name: 'web' }));
  const spec = { podManagementPolicy: 'Parallel' };
  await api.create(statefulSet({ ...workload, name: 'db', spec }));
  await runPass(namespace, ifStale);
  for (const [kind, name] of [
    ['Deployment', 'web'],
    ['StatefulSet', 'db'],
  ] as const) {
    await rollouts(kind, namespace, name);
    await api.patch(path(kind, namespace, name), { spec: { replicas: 3 } });
    await api.waitFor(path(kind, namespace, name), (it) => it?.status?.['replicas'] === 3);
  }
  return namespace;
}

const change = (namespace: string, a: string) =>
  api.patch(path('ConfigMap', namespace, 'settings'), { data: { a } });

async function listsOf(namespace: string, pass: () => Promise<unknown>): Promise<string[]> {
  const audit = await auditFromHere(cluster);
  await pass();
  const lists = await audit.entries({ ...requestsIn(namespace), verb: 'list' });
  return lists.flatMap(({ objectRef }) => objectRef?.resource ?? []).sort();
}

const workloads = ['daemonsets', 'deployments', 'statefulsets'];

test('Pods are only listed for a workload whose configuration has changed, and ReplicaSets only for a Deployment', async (t) => {
  const namespace = await stage(t);
  assert.deepEqual(await listsOf(namespace, () => runPass(namespace, ifStale)), workloads);
  await change(namespace, '2');
  const asked = await listsOf(namespace, () => runPass(namespace, { ...ifStale, write: false }));
  assert.deepEqual(asked, [...workloads, 'pods', 'pods', 'replicasets'].sort());
  const never = await listsOf(namespace, () => runPass(namespace));
  assert.deepEqual(never, workloads);
});

test('if Pods may not be listed, a pass restarts the workload, says so, and is complete', async (t) => {
  const namespace = await stage(t);
  await change(namespace, '2');
  const rules = [...permissionsOnWorkloads, permissionsOnEvents, getting('configmaps', 'secrets')];
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  const report = await runPass(namespace, { ...ifStale, kubeconfig });
  assert.deepEqual(reasonsIn(report), {
    'Deployment/web': 'ConfigChanged',
    'StatefulSet/db': 'ConfigChanged',
  });
  const refused =
    /^ConfigMap\/settings changed; its Pods may be outdated: its Pods could not be read: (replicasets.apps|pods) is forbidden/;
  for (const name of ['web', 'db']) {
    assert.match(outcomeOf(report, name).sentence, refused);
    const events = await eventsAbout(namespace, name);
    assert.ok(events.some(({ note }) => refused.test(note)));
  }
});

test('every page of Pods and ReplicaSets counts', async (t) => {
  const namespace = await stage(t);
  const of = async (label: string) => {
    const pods = await api.list(path('Pod', namespace));
    return pods.filter(({ metadata }) => metadata.labels?.['app'] === label);
  };
  // In list order, only the last Pod of each workload has been scheduled, so only this one may have read a
  // source.
  const names: string[] = [];
  for (const label of ['web', 'db']) {
    const last = (await of(label)).at(-1) as KubernetesObject;
    const { name } = last.metadata;
    names.push(name);
    await api.post(`${path('Pod', namespace, name)}/binding`, {
      ...{ apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace } },
      target: { apiVersion: 'v1', kind: 'Node', name: 'a-node' },
    });
  }
  await change(namespace, '2');
  const proxy = await faultProxy(t);
  proxy.on('GET', /\/(pods|replicasets)\?/, shortPages(1));
  const report = await runPass(namespace, { ...ifStale, kubeconfig: proxy.kubeconfig() });
  for (const [i, workload] of ['web', 'db'].entries()) {
    assert.match(outcomeOf(report, workload).sentence, new RegExp(`: Pod ${names[i]} was created`));
  }
});

test('a hold is one event, however many passes it lasts', async (t) => {
  const namespace = await stage(t);
  await change(namespace, '2');
  const web = path('Deployment', namespace, 'web');
  const annotations = { 'example.com/checksum': '2' };
  await api.patch(web, { spec: { template: { metadata: { annotations } } } });
  // The new Pods never start, so the old ones stay.
  await rollouts('Deployment', namespace, 'web');
  for (let pass = 1; pass <= 3; pass += 1) {
    const report = await runPass(namespace, ifStale);
    const { reason, written } = outcomeOf(report, 'web');
    assert.deepEqual([reason, written, isComplete(report)], ['Settling', false, true]);
    // An unrelated write to the workload must not end the hold.
    await api.patch(web, { metadata: { annotations: { 'example.com/pass': `${pass}` } } });
  }
  const events = (await eventsAbout(namespace, 'web')).filter(
    ({ reason }) => reason === 'Settling',
  );
  assert.deepEqual(
    events.map(({ type, series }) => [type, series?.count]),
    [['Normal', 3]],
  );
});
