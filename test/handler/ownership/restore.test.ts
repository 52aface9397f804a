/** The claims of docs/operations.md about sources that are restored from a backup. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { ownershipStage, usingOptional } from './stage.ts';

const { api } = testCluster();
const gone = { name: 'gone', uid: '00000000-0000-4000-8000-000000000000' };
const owners = [
  { apiVersion: 'apps/v1', kind: 'Deployment', ...gone },
  { apiVersion: 'v1', kind: 'Namespace', ...gone },
];

test('a source that is restored with owners of another cluster is lost, and one without them gets owner references again', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'with', { ownerReferences: owners });
  await stage.source('ConfigMap', 'without');
  await api.waitFor(path('ConfigMap', stage.namespace, 'with'), (it) => it === undefined, {
    what: 'the garbage collector to delete it',
  });
  await stage.workload('Deployment', 'web', usingOptional({ configMaps: ['with', 'without'] }));
  await stage.pass();
  assert.deepEqual(await stage.owners('ConfigMap', 'without'), ['Deployment/web', 'Namespace']);
});
