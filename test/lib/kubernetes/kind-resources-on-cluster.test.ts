import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import { connect } from '../../../lib/kubernetes/credentials/connection.ts';
import { KindResources } from '../../../lib/kubernetes/kind-resources.ts';
import { workloadEntry } from '../../../lib/kubernetes/kinds.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { answer } from '../../faults/faults.ts';
import { ownKind } from '../../handler/kinds/definitions.ts';

async function clientOf(t: TestContext, kubeconfig = testCluster().cluster.kubeconfig) {
  const connection = await connect({ kubeconfig, context: undefined }, {});
  t.after(() => connection.close());
  return createApiClient(connection);
}

test('a kind is found once, and then known until it is requested again', async (t) => {
  const { kind, remove } = await ownKind(t);
  const api = await clientOf(t);
  const resources = new KindResources(api);
  const { requests } = api.traffic;
  const found = await resources.of(kind);
  assert.equal(found.plural, 'widgets');
  assert.deepEqual(await resources.of(kind), found);
  assert.equal(api.traffic.requests - requests, 1);
  await remove();
  assert.deepEqual(await resources.of(kind), found);
  const finding = (await resources.find([kind])).get(kind);
  assert.equal(finding?.state, 'notServed');
  await assert.rejects(resources.of(kind), { name: 'ApiError', message: /has no API group/ });
});

test('built-in kinds are known without a request', async (t) => {
  const api = await clientOf(t);
  const resources = new KindResources(api);
  const { requests } = api.traffic;
  assert.equal(await resources.of('Deployment'), workloadEntry('Deployment'));
  assert.equal((await resources.find(['DaemonSet'])).get('DaemonSet')?.state, 'served');
  assert.equal(api.traffic.requests, requests);
});

test('a response that is not a list of resources is an error, and does not mean a missing kind', async (t) => {
  const { kind } = await ownKind(t);
  const proxy = await faultProxy(t);
  proxy.on('GET', /\/apis\//, answer({ status: 200, headers: {}, body: '{}' }));
  const resources = new KindResources(await clientOf(t, proxy.kubeconfig()));
  assert.equal((await resources.find([kind])).get(kind)?.state, 'unknown');
  await assert.rejects(resources.of(kind), /is not a list of resources/);
});
