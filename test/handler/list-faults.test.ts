import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isComplete } from '../../lib/rules/report.ts';
import { configMap, deployment, statefulSet, using } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { type Fault, faultProxy } from '../faults/fault-proxy.ts';
import { answer, status } from '../faults/faults.ts';
import { optedIn, reasonsIn, runPass } from './run-pass.ts';

const { api } = testCluster();

const expired = answer(
  status(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list.',
  ),
);
/** Limits pages to two objects instead of five hundred, so that five objects need three pages. */
const shortPages: Fault = async ({ url, forward, reply }) =>
  reply(await forward(url.replace(/limit=\d+/, 'limit=2')));

const names = ['a', 'b', 'c', 'd', 'e'];
const allSeen = {
  ...Object.fromEntries(names.map((name) => [`Deployment/${name}`, 'FirstSeen'])),
  'StatefulSet/f': 'FirstSeen',
};

async function stage(t: TestContext) {
  const namespace = await testNamespace(t);
  const proxy = await faultProxy(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const pod = using({ configMap: 'settings' });
  for (const name of names)
    await api.create(deployment({ namespace, name, annotations: optedIn, pod }));
  await api.create(statefulSet({ namespace, name: 'f', annotations: optedIn, pod }));
  const lists = () => proxy.seen.filter(({ url }) => url.includes('/deployments?'));
  return { namespace, proxy, lists };
}

test('a list is read page by page, each workload once', async (t) => {
  const { namespace, proxy, lists } = await stage(t);
  proxy.on('GET', /\/deployments\?/, shortPages);
  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  assert.deepEqual(reasonsIn(report), allSeen);
  assert.equal(report.outcomes.length, 6);
  assert.equal(lists().length, 3);
  assert.ok(lists().every(({ url }) => url.includes('limit=200')));
});

test('a list whose page token has expired is read again from its start, and no workload is handled twice', async (t) => {
  const { namespace, proxy, lists } = await stage(t);
  proxy.on('GET', /\/deployments\?.*continue=/, expired, { skip: 1, times: 1 });
  proxy.on('GET', /\/deployments\?/, shortPages);
  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  assert.deepEqual(reasonsIn(report), allSeen);
  assert.equal(report.outcomes.length, 6);
  assert.ok(isComplete(report));
  assert.deepEqual(
    lists().map(({ url }) => url.includes('continue=')),
    [false, true, true, false, true, true],
  );
});

test('a list whose page token expires again and again is given up and reported, and all other lists are handled', async (t) => {
  const { namespace, proxy, lists } = await stage(t);
  proxy.on('GET', /\/deployments\?.*continue=/, expired);
  proxy.on('GET', /\/deployments\?/, shortPages);
  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  assert.deepEqual(reasonsIn(report), { 'StatefulSet/f': 'FirstSeen' });
  assert.equal(lists().length, 6);
  assert.deepEqual(
    report.listProblems.map(({ what }) => what),
    [`Deployments of namespace ${namespace}`],
  );
  assert.match(report.listProblems[0]?.why ?? '', /continue parameter is too old/);
  assert.equal(isComplete(report), false);
});

test('a list that fails on a later page does not count as a shorter list', async (t) => {
  const { namespace, proxy } = await stage(t);
  const refused = answer(status(403, 'Forbidden', 'not any more'));
  proxy.on('GET', /\/deployments\?.*continue=/, refused);
  proxy.on('GET', /\/deployments\?/, shortPages);
  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  assert.deepEqual(reasonsIn(report), { 'StatefulSet/f': 'FirstSeen' });
  assert.equal(report.listProblems[0]?.why, 'not any more [HTTP 403]');
});

test('a list that is refused for a short time is requested again', async (t) => {
  const { namespace, proxy } = await stage(t);
  proxy.on('GET', /\/deployments\?/, answer(status(503, 'ServiceUnavailable', 'later')), {
    times: 1,
  });
  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  assert.deepEqual(reasonsIn(report), allSeen);
  assert.deepEqual(report.listProblems, []);
});

test('a response that is not a list does not count as an empty list', async (t) => {
  const { namespace, proxy } = await stage(t);
  const page = { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' };
  proxy.on('GET', /\/deployments\?/, answer(page));
  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  assert.deepEqual(reasonsIn(report), { 'StatefulSet/f': 'FirstSeen' });
  assert.match(report.listProblems[0]?.why ?? '', /is not the requested list$/);
  assert.equal(isComplete(report), false);
});
