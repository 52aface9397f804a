import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as waveCron from '../../handler/index.ts';
import { configMap, deployment } from '../../tools/control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';

test('a program can run a pass with only the exports of the package', async (t) => {
  const namespace = await testNamespace(t);
  const { api, cluster } = testCluster();
  await api.create(configMap({ namespace, name: 'config', data: { a: '1' } }));
  await api.create(
    deployment({
      namespace,
      name: 'web',
      annotations: { 'wave.pusher.com/update-on-config-change': 'true' },
      pod: {
        containers: [
          { name: 'web', image: 'web', envFrom: [{ configMapRef: { name: 'config' } }] },
        ],
      },
    }),
  );

  const settings = waveCron.loadSettings({ flags: { namespaces: namespace }, env: {} });
  const connection = await waveCron.connect(
    { kubeconfig: cluster.kubeconfig, context: undefined },
    {},
  );
  t.after(() => connection.close());
  const client = waveCron.createApiClient(connection);
  const report = await waveCron.pass(
    { settings, write: true },
    {
      cluster: waveCron.createCluster(client),
      traffic: client.traffic,
      clock: waveCron.systemClock,
      identity: 'a-function',
      lease: {
        lock: waveCron.kubernetesLock(client, { namespace, name: 'wave-cron' }),
        name: { podName: undefined, podUid: undefined, hostName: 'a-host' },
        random: Math.random,
      },
    },
  );

  assert.equal(report.pass, 'Completed');
  assert.deepEqual(report.counts, { FirstSeen: 1 });
  assert.equal(await rollouts('Deployment', namespace, 'web'), 2);
});
