/** Which changes a watch for the status reports, with the permissions of people. */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { type Touched, watchChanges } from '../../../handler/status/changes.ts';
import { wire } from '../../../jobs/wiring.ts';
import { createWatchClient } from '../../../lib/kubernetes/client/watch-client.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { type Rule, serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import { changeSettings, statusShop } from '../../jobs/status-shop.ts';

const { api, cluster } = testCluster();

async function watching(t: TestContext, namespace: string, kubeconfig = cluster.kubeconfig) {
  const settings = { ...defaultSettings, kubeconfig };
  const { connection, api: client, cluster: adapter, deps } = await wire(settings, {});
  const stop = new AbortController();
  const touched: Touched[] = [];
  const failed: string[] = [];
  let changes = 0;
  let changed = Promise.withResolvers<void>();
  const on = {
    changed() {
      changes += 1;
      changed.resolve();
      changed = Promise.withResolvers();
    },
    touched(concerned: Touched) {
      touched.push(concerned);
      changed.resolve();
      changed = Promise.withResolvers();
    },
    failed: (list: string) => void failed.push(list),
  };
  const { clock } = deps;
  const watchDeps = { api: client, open: createWatchClient(connection), clock, random: () => 0 };
  const findKinds = adapter.findKinds.bind(adapter);
  const ended = watchChanges({ settings, namespace }, on, { ...watchDeps, findKinds }, stop.signal);
  t.after(async () => {
    stop.abort();
    await ended;
    connection.close();
  });
  return {
    touched,
    failed,
    /** Resolves when this holds. */
    async until(isSo: () => boolean) {
      while (!isSo()) await changed.promise;
    },
    changes: () => changes,
  };
}

const listing: Rule = {
  apiGroups: ['apps'],
  resources: ['deployments', 'statefulsets', 'daemonsets'],
  verbs: ['list', 'watch'],
};

suite('the watch for the status', { concurrency: true }, () => {
  test('reports changed workloads and ConfigMaps of the namespace', async (t) => {
    const namespace = await statusShop(t);
    const watch = await watching(t, namespace);
    // Each list reports that its watch has started.
    await watch.until(() => watch.changes() >= 4);
    await changeSettings(namespace, 'debug');
    await watch.until(() => watch.touched.some((each) => !('kind' in each)));
    await api.patch(path('Deployment', namespace, 'web'), { spec: { paused: true } });
    await watch.until(() => watch.touched.some((each) => 'kind' in each && each.name === 'web'));
    assert.deepEqual(watch.failed, []);
  });

  test('never lists or watches Secrets', async (t) => {
    const namespace = await statusShop(t);
    const audit = await auditFromHere(cluster);
    const watch = await watching(t, namespace);
    await watch.until(() => watch.changes() >= 4);
    const requests = await audit.entries({ namespace, resource: 'secrets' });
    assert.deepEqual(requests, []);
  });

  test('reports what it may watch, and that the rest is not watched', async (t) => {
    const namespace = await statusShop(t);
    const { kubeconfig } = await serviceAccount(t, { namespace, rules: [listing] });
    const watch = await watching(t, namespace, kubeconfig);
    await watch.until(() => watch.changes() >= 3);
    await api.patch(path('Deployment', namespace, 'web'), { spec: { paused: true } });
    await watch.until(() => watch.touched.length > 0);
    assert.deepEqual([...new Set(watch.failed)], [`/api/v1/namespaces/${namespace}/configmaps`]);
  });
});
