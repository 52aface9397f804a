/** The number of requests that list the workloads of many namespaces. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isComplete } from '../../../lib/rules/report.ts';
import { configMap, deployment, statefulSet, using } from '../../../tools/control-plane/objects.ts';
import { randomName, testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { type Fault, type FaultProxy, faultProxy } from '../../faults/fault-proxy.ts';
import { answer, status } from '../../faults/faults.ts';
import { runPass } from '../run-pass.ts';

const { api } = testCluster();

/**
 * Creates `count` namespaces of a team, with a Deployment in each and a StatefulSet in the last, and one
 * namespace of another team.
 */
async function stage(t: TestContext, count: number) {
  const annotationPrefix = `${randomName('wave')}.example.com`;
  const annotations = { [`${annotationPrefix}/update-on-config-change`]: 'true' };
  const pod = using({ configMap: 'settings' });
  const team = randomName('team');
  const own = await Promise.all(Array.from({ length: count }, () => testNamespace(t, { team })));
  const other = await testNamespace(t);
  for (const namespace of [...own, other]) {
    await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
    await api.create(deployment({ namespace, name: 'web', annotations, pod }));
  }
  const last = own.at(-1) ?? '';
  await api.create(statefulSet({ namespace: last, name: 'db', annotations, pod }));
  const proxy = await faultProxy(t);
  const handled = async (kubeconfig = proxy.kubeconfig()): Promise<string[]> => {
    const settings = { annotationPrefix, namespaces: [], namespaceSelector: `team=${team}` };
    const report = await runPass('', { kubeconfig, write: false, settings });
    assert.ok(isComplete(report), JSON.stringify(report.listProblems));
    return report.outcomes.map(({ kind, namespace }) => `${kind} ${namespace}`).toSorted();
  };
  const all = [...own.map((name) => `Deployment ${name}`), `StatefulSet ${last}`].toSorted();
  return { proxy, all, handled };
}

const counting = /\/apis\/apps\/v1\/deployments\?limit=1$/;
/** A response of the API server that says how many Deployments there are. */
const countIs = (total: number): Fault =>
  answer({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      metadata: { continue: 'x', remainingItemCount: total - 1 },
      items: [{}],
    }),
  });

const refused = answer(status(403, 'Forbidden', 'it is forbidden'));

/**
 * The number of requests that count workloads, that list them in all namespaces, and that list them in one
 * namespace.
 */
function lists({ seen }: FaultProxy) {
  const of = (url: RegExp): number => seen.filter((each) => url.test(each.url)).length;
  return {
    counts: of(counting),
    whole: of(/\/apps\/v1\/[a-z]+\?(?!limit=1$)/),
    single: of(/\/apps\/v1\/namespaces\/[^/]+\/[a-z]+\?/),
  };
}

test('if a selector matches many namespaces and the cluster has few other workloads, one list for each kind reads them all', async (t) => {
  const { proxy, all, handled } = await stage(t, 6);
  proxy.on('GET', counting, countIs(7));
  assert.deepEqual(await handled(), all);
  const { counts, whole, single } = lists(proxy);
  assert.deepEqual([counts, single], [1, 0]);
  assert.ok(whole >= 3);
});

test('the API server says how many workloads there are', async (t) => {
  const { proxy, handled } = await stage(t, 4);
  let total = 0;
  proxy.on('GET', counting, async ({ forward, reply }) => {
    const counted = await forward();
    const { items, metadata } = JSON.parse(String(counted.body));
    total = items.length + (metadata.remainingItemCount ?? 0);
    reply(counted);
  });
  await handled();
  assert.ok(total >= 5, `${total} Deployments`);
});

test('in a cluster with many more workloads, those of many namespaces are read namespace by namespace', async (t) => {
  const { proxy, all, handled } = await stage(t, 4);
  proxy.on('GET', counting, countIs(81));
  assert.deepEqual(await handled(), all);
  assert.deepEqual(lists(proxy), { counts: 1, whole: 0, single: 12 });
});

test('the workloads of few namespaces are read namespace by namespace, without a count', async (t) => {
  const { proxy, all, handled } = await stage(t, 3);
  assert.deepEqual(await handled(), all);
  assert.deepEqual(lists(proxy), { counts: 0, whole: 0, single: 9 });
});

test('a kind that may not be listed in all namespaces is read namespace by namespace', async (t) => {
  const { proxy, all, handled } = await stage(t, 4);
  proxy.on('GET', counting, countIs(5));
  proxy.on('GET', /\/apps\/v1\/statefulsets\?/, refused);
  assert.deepEqual(await handled(), all);
  assert.equal(lists(proxy).single, 4);
});

test('an account that may not count workloads in all namespaces reads namespace by namespace', async (t) => {
  const { proxy, all, handled } = await stage(t, 4);
  proxy.on('GET', counting, refused);
  assert.deepEqual(await handled(), all);
  assert.deepEqual(lists(proxy), { counts: 1, whole: 0, single: 12 });
});
