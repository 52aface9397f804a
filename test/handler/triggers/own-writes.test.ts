import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notingOwnWrites } from '../../../handler/triggers/own-writes.ts';
import type { ApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import { createCluster } from '../../../lib/kubernetes/cluster.ts';

test('writes of workloads and sources are reported with the metadata that the server returned', async () => {
  const metadata = { generation: 4, resourceVersion: '9' };
  const api = { request: async () => ({ metadata }) } as unknown as ApiClient;
  const said: unknown[] = [];
  const cluster = notingOwnWrites(createCluster(api), {
    wroteWorkload: (...args) => void said.push(args),
    wroteSource: (...args) => void said.push(args),
  });
  const web = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;
  assert.deepEqual(await cluster.patchWorkload(web, { metadata: {} }), metadata);
  assert.deepEqual(
    await cluster.patchWorkload(web, { spec: { template: { metadata: {} } } }),
    metadata,
  );
  const source = { kind: 'Secret', namespace: 'shop', name: 'a' } as const;
  assert.deepEqual(await cluster.patchSource(source, {}), metadata);
  assert.deepEqual(said, [[web, metadata, false], [web, metadata, true], [metadata]]);
});
