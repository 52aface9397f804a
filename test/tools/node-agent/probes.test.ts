import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import {
  containerStatus,
  isReady,
  podOf,
  templateOf,
  testAgent,
} from '../../../tools/node-agent/testing.ts';

const fast = { periodSeconds: 1, failureThreshold: 1 };
const health = { httpGet: { path: '/health', port: 'http' }, ...fast };
const ports = [{ name: 'http', containerPort: 8080 }];

suite('a probe', { skip: skipWithoutNodeAgent(), concurrency: 2 }, () => {
  test('of readiness decides about Ready, and with it whether a Deployment is available', async (t) => {
    const { agent, api, create, namespace } = await testAgent(t);
    const template = templateOf(['serve'], { container: { ports, readinessProbe: health } });
    const matchLabels = template.metadata.labels;
    const spec = { replicas: 2, selector: { matchLabels }, template };
    await create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec });
    const deployment = path('Deployment', namespace, 'web');
    const available = (count: number) =>
      api.waitFor(deployment, (it) => (it?.status?.['availableReplicas'] ?? 0) === count);
    await available(2);
    const [pod] = await api.list(path('Pod', namespace));
    const name = pod?.metadata.name ?? '';
    await agent.get(namespace, name, 8080, '/break');
    await available(1);
    await agent.get(namespace, name, 8080, '/mend');
    await available(2);
  });

  test('of liveness ends the container and starts it again', async (t) => {
    const { agent, create, namespace, waitForPod } = await testAgent(t);
    const livenessProbe = { ...health, failureThreshold: 3 };
    const container = { ports, livenessProbe, readinessProbe: health };
    await create(podOf(namespace, 'pod', templateOf(['serve'], { container })));
    await waitForPod('pod', isReady);
    await agent.get(namespace, 'pod', 8080, '/break');
    await waitForPod('pod', (it) => isReady(it) && containerStatus(it)?.restartCount === 1);
    assert.match(agent.logs(namespace, 'pod'), /failed liveness probe.*\n"stopping"\n"serving"/);
  });

  test('of startup comes before the others, and ends a container that does not start', async (t) => {
    const { create, namespace, waitForPod } = await testAgent(t);
    const never = { tcpSocket: { port: 9 }, ...fast, failureThreshold: 2 };
    const container = { ports, startupProbe: never, readinessProbe: health };
    const spec = { terminationGracePeriodSeconds: 1 };
    await create(podOf(namespace, 'pod', templateOf(['serve'], { container, spec })));
    const pod = await waitForPod('pod', (it) => containerStatus(it)?.restartCount === 1);
    assert.equal(isReady(pod), false);
    assert.equal(containerStatus(pod)?.started, false);
  });

  test('of a TCP port, and of a command that runs in the container as its user', async (t) => {
    const { create, namespace, waitForPod } = await testAgent(t);
    const isUser = 'test "$(id -u)" = 65532 && test "$$" != 1 && test -e /app/main.ts';
    const container = {
      startupProbe: { tcpSocket: { port: 8080 }, ...fast, failureThreshold: 20 },
      readinessProbe: { exec: { command: ['/bin/sh', '-c', isUser] }, ...fast },
    };
    await create(podOf(namespace, 'pod', templateOf(['serve'], { container })));
    await waitForPod('pod', isReady);
  });

  test('of a command that fails, or does not end in time, makes the Pod unready', async (t) => {
    const { create, namespace, waitForPod } = await testAgent(t);
    for (const [name, command] of [
      ['fails', ['/bin/false']],
      ['hangs', ['/bin/sleep', '1000']],
    ] as const) {
      const readinessProbe = { exec: { command }, ...fast };
      const livenessProbe = { exec: { command }, ...fast };
      const container = { readinessProbe, livenessProbe };
      const spec = { terminationGracePeriodSeconds: 1 };
      await create(podOf(namespace, name, templateOf(['serve'], { container, spec })));
      const pod = await waitForPod(name, (it) => (containerStatus(it)?.restartCount ?? 0) > 0);
      assert.equal(isReady(pod), false);
    }
  });
});
