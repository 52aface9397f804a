import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotateWorkload } from '../../../lib/kubernetes/annotate-workload.ts';
import { createApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import { connect } from '../../../lib/kubernetes/credentials/connection.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { daemonSet, deployment, statefulSet } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';

const { api, cluster } = testCluster();
const make = { Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet } as const;

for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet'] as const) {
  test(`an annotation of a ${kind} is set, with the field manager, and nothing else changes`, async (t) => {
    const namespace = await testNamespace(t);
    const annotations = { 'example.com/kept': 'yes' };
    await api.create(make[kind]({ namespace, name: 'web', annotations }));
    const { spec: before } = await api.get(path(kind, namespace, 'web'));
    const connection = await connect({ kubeconfig: cluster.kubeconfig, context: undefined }, {});
    t.after(() => connection.close());
    const { signal } = new AbortController();
    const set = { 'example.com/set': 'no' };
    const client = createApiClient(connection);
    const name = { kind, namespace, name: 'web' } as const;
    const metadata = await annotateWorkload(client, name, set, 'somebody', signal);
    const { 'example.com/kept': kept, 'example.com/set': given } = metadata.annotations ?? {};
    assert.deepEqual([kept, given], ['yes', 'no']);
    assert.ok(metadata.managedFields?.some(({ manager }) => manager === 'somebody'));
    assert.deepEqual((await api.get(path(kind, namespace, 'web'))).spec, before);
  });
}
