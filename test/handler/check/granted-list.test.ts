import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { listGranted } from '../../../handler/check/granted-list.ts';
import { createApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import { createCluster } from '../../../lib/kubernetes/cluster.ts';
import { connect } from '../../../lib/kubernetes/credentials/connection.ts';
import { builtInKinds, workloadEntry } from '../../../lib/kubernetes/kinds.ts';
import type { PermissionFinding } from '../../../lib/permissions/access-review.ts';
import { accessedResource } from '../../../lib/permissions/permission.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { deployment, statefulSet } from '../../../tools/control-plane/objects.ts';
import {
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { optedIn, permissionsOnWorkloads } from '../run-pass.ts';

const { api, cluster } = testCluster();

/** The findings about the permission to list each kind. The first `count` of them are granted. */
const granted = (count: number): PermissionFinding[] =>
  builtInKinds.map((kind, i) => ({
    ...accessedResource(workloadEntry(kind)),
    ...{ verb: 'list', purpose: 'a test', without: { pass: 'degrades', sentence: 'nothing' } },
    state: i < count ? 'granted' : 'missing',
  }));

/** A namespace with two opted-in workloads and one workload that is not opted in, and functions that list them. */
async function stage(t: TestContext) {
  const namespace = await testNamespace(t);
  await api.create(deployment({ namespace, name: 'a', annotations: optedIn }));
  await api.create(statefulSet({ namespace, name: 'b', annotations: optedIn }));
  await api.create(deployment({ namespace, name: 'c' }));
  const settings = { ...defaultSettings, namespaces: [namespace] };
  return async (
    needed: Parameters<typeof listGranted>[1],
    permissions: readonly PermissionFinding[],
    { isWanted = (name: string) => name !== '', kubeconfig = cluster.kubeconfig } = {},
  ) => {
    const connection = await connect({ kubeconfig, context: undefined }, {});
    t.after(() => connection.close());
    const scope = {
      ...{ settings, permissions, signal: t.signal },
      cluster: createCluster(createApiClient(connection)),
    };
    const found = await listGranted(scope, needed, ({ name }) => isWanted(name));
    return found?.workloads.map(({ name }) => name).sort();
  };
}

test('a check sees the opted-in workloads that it asks for', async (t) => {
  const list = await stage(t);
  const all = granted(builtInKinds.length);
  assert.deepEqual(await list('all kinds', all), ['a', 'b']);
  assert.deepEqual(await list('any kind', all, { isWanted: (name) => name === 'b' }), ['b']);
});

test('a check lists nothing without the permission that it needs', async (t) => {
  const list = await stage(t);
  assert.equal(await list('all kinds', granted(1)), undefined);
  assert.deepEqual(await list('any kind', granted(1)), ['a', 'b']);
  assert.equal(await list('any kind', granted(0)), undefined);
});

test('a check goes on if the lists are refused although they seemed to be allowed', async (t) => {
  const list = await stage(t);
  const namespace = await testNamespace(t);
  const { kubeconfig } = await serviceAccount(t, { namespace, rules: permissionsOnWorkloads });
  assert.equal(await list('any kind', granted(1), { kubeconfig }), undefined);
});
