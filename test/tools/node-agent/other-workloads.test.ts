import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { daemonSet, deployment, statefulSet, using } from '../../../tools/control-plane/objects.ts';
import { testNamespace } from '../../../tools/control-plane/testing.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { isReady, testAgent } from '../../../tools/node-agent/testing.ts';

const changed = { spec: { template: { metadata: { annotations: { changed: 'yes' } } } } };

suite('Pods of other workloads', { skip: skipWithoutNodeAgent(), concurrency: 2 }, () => {
  for (const [kind, make, ready, updated] of [
    ['Deployment', deployment, 'readyReplicas', 'updatedReplicas'],
    ['StatefulSet', statefulSet, 'readyReplicas', 'updatedReplicas'],
    ['DaemonSet', daemonSet, 'numberReady', 'updatedNumberScheduled'],
  ] as const) {
    test(`become Ready without a process, so that a ${kind} rolls out and rolls again`, async (t) => {
      const { agent, api, namespace } = await testAgent(t);
      const pod = { tolerations: [agent.toleration] };
      const count = kind === 'DaemonSet' ? 1 : 2;
      await api.create(make({ namespace, name: 'web', replicas: 2, pod }));
      const rolledOut = (generation: number) =>
        api.waitFor(path(kind, namespace, 'web'), (it) => {
          const status = it?.status ?? {};
          const isSeen = status['observedGeneration'] === generation;
          return isSeen && status[ready] === count && status[updated] === count;
        });
      await rolledOut(1);
      const before = await api.list(path('Pod', namespace));
      await api.patch(path(kind, namespace, 'web'), changed);
      await rolledOut(2);
      for (const { metadata } of before) {
        const file = path('Pod', namespace, metadata.name);
        await api.waitFor(file, (it) => it?.metadata.uid !== metadata.uid);
      }
    });
  }

  test('go away when they are deleted', async (t) => {
    const { api, namespace, waitForPod, create } = await testAgent(t);
    const { containers } = using();
    const metadata = { name: 'pod' };
    await create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } });
    await waitForPod('pod', isReady);
    await api.delete(path('Pod', namespace, 'pod'));
    await api.waitFor(path('Pod', namespace, 'pod'), (it) => it === undefined);
  });

  test('are not changed in other namespaces', async (t) => {
    const { api, namespace, waitForPod } = await testAgent(t);
    const elsewhere = await testNamespace(t);
    const { containers } = using();
    for (const place of [elsewhere, namespace]) {
      const metadata = { namespace: place, name: 'pod' };
      await api.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } });
    }
    await waitForPod('pod', isReady);
    const { spec } = await api.get(path('Pod', elsewhere, 'pod'));
    assert.equal(spec?.['nodeName'], undefined);
  });
});
