/**
 * Lists of workloads in which one object is malformed, as an API server may return them during an upgrade.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pLimit from 'p-limit';
import { findTraces } from '../../handler/release/traces.ts';
import { createApiClient } from '../../lib/kubernetes/client/api-client.ts';
import { createCluster } from '../../lib/kubernetes/cluster.ts';
import { connect } from '../../lib/kubernetes/credentials/connection.ts';
import { isComplete } from '../../lib/rules/report.ts';
import { defaultSettings } from '../../lib/settings/schema.ts';
import { configMap, deployment, using } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { type Fault, faultProxy } from '../faults/fault-proxy.ts';
import { eventsAbout, optedIn, outcomeOf, reasonsIn, runPass } from '../handler/run-pass.ts';

const { api } = testCluster();

type Item = Record<string, unknown> & {
  metadata: { name: string };
  spec: { template: { spec: Record<string, unknown> } };
};

/** The response of the API server, with another object instead of the Deployment `broken`. */
const broken =
  (become: (item: Item) => unknown): Fault =>
  async ({ forward, reply }) => {
    const { status, headers, body = '' } = await forward();
    const list = JSON.parse(String(body)) as { items: Item[] };
    const items = list.items.map((item) => (item.metadata.name === 'broken' ? become(item) : item));
    reply({ status, headers: headers ?? {}, body: JSON.stringify({ ...list, items }) });
  };

async function stage(t: TestContext, become: (item: Item) => unknown) {
  const namespace = await testNamespace(t);
  const proxy = await faultProxy(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const pod = using({ configMap: 'settings' });
  for (const name of ['a', 'broken', 'c']) {
    await api.create(deployment({ namespace, name, annotations: optedIn, pod }));
  }
  proxy.on('GET', /\/deployments\?/, broken(become));
  return { namespace, kubeconfig: proxy.kubeconfig() };
}

const withPodSpec = (item: Item, spec: Record<string, unknown>): Item => {
  const template = { ...item.spec.template, spec: { ...item.spec.template.spec, ...spec } };
  return { ...item, spec: { ...item.spec, template } };
};
const shapes: Record<string, (item: Item) => unknown> = {
  'null instead of a container': (item) => withPodSpec(item, { containers: [null] }),
  'a text instead of its volumes': (item) => withPodSpec(item, { volumes: [null, 'hunter2'] }),
  'a number instead of its finalizers': (item) => ({
    ...item,
    metadata: { ...item.metadata, finalizers: 7 },
  }),
};

for (const [shape, become] of Object.entries(shapes)) {
  test(`a workload with ${shape} is the only one that fails, and gets one Event`, async (t) => {
    const { namespace, kubeconfig } = await stage(t, become);
    const settings = { kinds: ['Deployment'] as const };
    const report = await runPass(namespace, { kubeconfig, settings });
    assert.deepEqual(reasonsIn(report), {
      'Deployment/a': 'FirstSeen',
      'Deployment/broken': 'Failed',
      'Deployment/c': 'FirstSeen',
    });
    const { sentence, written } = outcomeOf(report, 'broken');
    assert.match(sentence, /^it could not be handled: unexpected TypeError: this is a bug in/);
    assert.equal(written, false);
    assert.deepEqual([report.listProblems, report.unreached], [[], 0]);
    assert.equal(isComplete(report), false);

    await runPass(namespace, { kubeconfig, settings });
    const events = await eventsAbout(namespace, 'broken');
    assert.deepEqual(
      events.map(({ type, reason, note, series }) => [type, reason, note, series?.count]),
      [['Warning', 'Failed', sentence, 2]],
    );
    assert.equal(reasonsIn(await runPass(namespace))['Deployment/broken'], 'FirstSeen');
  });
}

for (const [shape, become] of Object.entries({
  null: () => null,
  'an object without metadata': ({ metadata: _, ...item }: Item) => item,
  'an object whose name is a number': (item: Item) => ({
    ...item,
    metadata: { ...item.metadata, name: 5 },
  }),
})) {
  test(`${shape} in a list is reported, and every other workload is handled`, async (t) => {
    const { namespace, kubeconfig } = await stage(t, become);
    const report = await runPass(namespace, { kubeconfig, settings: { kinds: ['Deployment'] } });
    assert.deepEqual(reasonsIn(report), {
      'Deployment/a': 'FirstSeen',
      'Deployment/c': 'FirstSeen',
    });
    assert.deepEqual(report.listProblems, [
      {
        what: `Deployments of namespace ${namespace}`,
        why: '1 objects in the response have no name or namespace; the others were processed',
      },
    ]);
    assert.equal(isComplete(report), false);
  });
}

test('a release reports a workload that it cannot read as a problem of the list', async (t) => {
  const { namespace, kubeconfig } = await stage(t, (item) =>
    withPodSpec(item, { containers: [null] }),
  );
  const connection = await connect({ kubeconfig, context: undefined }, {});
  t.after(() => connection.close());
  const traces = await findTraces(
    {
      settings: { ...defaultSettings, namespaces: [namespace] },
      only: undefined,
      annotations: true,
    },
    { cluster: createCluster(createApiClient(connection)), lists: pLimit(4), signal: t.signal },
  );
  assert.deepEqual(
    traces.listProblems.map(({ what }) => what),
    [`Deployment ${namespace}/broken`],
  );
});
