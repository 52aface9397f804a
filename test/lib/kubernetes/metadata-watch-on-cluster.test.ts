import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import { createWatchClient } from '../../../lib/kubernetes/client/watch-client.ts';
import { connect } from '../../../lib/kubernetes/credentials/connection.ts';
import { watchMetadata } from '../../../lib/kubernetes/metadata-watch.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { configMap } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { Seen } from './seen-events.ts';

const bounded = { timeout: 60_000 };

test(
  'a watch of the API server reports the metadata of each change, and ends with its signal',
  bounded,
  async (t) => {
    const { api, cluster } = testCluster();
    const namespace = await testNamespace(t);
    const connection = await connect({ kubeconfig: cluster.kubeconfig, context: undefined }, {});
    t.after(() => connection.close());
    const seen = new Seen();
    const end = new AbortController();
    const done = watchMetadata(
      { path: `/api/v1/namespaces/${namespace}/configmaps` },
      seen.listener,
      {
        ...{ api: createApiClient(connection), open: createWatchClient(connection) },
        ...{ clock: systemClock, random: Math.random },
      },
      end.signal,
    );
    await seen.until('started');
    await api.create(configMap({ namespace, name: 'settings', data: { level: 'planted' } }));
    await seen.until('settings');
    await api.delete(path('ConfigMap', namespace, 'settings'));
    await seen.until('-settings');
    assert.doesNotMatch(JSON.stringify(seen.metadata), /planted/);
    end.abort();
    await done;
    assert.ok(!seen.words.some((word) => word.startsWith('failed')));
  },
);
