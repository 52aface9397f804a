import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import {
  containerStatus,
  hasEnded,
  imageName,
  isReady,
  podOf,
  restrictedContainer,
  templateOf,
  terminated,
  terminatedOf,
  testAgent,
  waitingReason,
} from '../../../tools/node-agent/testing.ts';

suite('a container', { skip: skipWithoutNodeAgent(), concurrency: 2 }, () => {
  test('that crashes is started again after a pause, and its Pod says so', async (t) => {
    const { agent, create, namespace, waitForPod } = await testAgent(t);
    await create(podOf(namespace, 'pod', templateOf(['serve'])));
    await waitForPod('pod', () => agent.logs(namespace, 'pod').includes('serving'));
    agent.kill(namespace, 'pod');
    const pod = await waitForPod(
      'pod',
      (it) => isReady(it) && containerStatus(it)?.restartCount === 1,
    );
    const { exitCode, reason } = terminatedOf(containerStatus(pod)?.lastState) ?? {};
    assert.deepEqual({ exitCode, reason }, { exitCode: 137, reason: 'Error' });
    assert.equal(pod.status?.phase, 'Running');
  });

  test('that crashes again and again is in CrashLoopBackOff in between', async (t) => {
    const backOff = { firstMs: 60_000, longestMs: 60_000 };
    const { agent, api, create, namespace, waitForPod } = await testAgent(t, { backOff });
    await create(podOf(namespace, 'pod', templateOf(['exit', '5'])));
    const pod = await waitForPod('pod', (it) => waitingReason(it) === 'CrashLoopBackOff');
    assert.equal(terminatedOf(containerStatus(pod)?.lastState)?.exitCode, 5);
    assert.equal(isReady(pod), false);
    // No container runs now, so the deletion does not wait.
    await api.delete(path('Pod', namespace, 'pod'));
    await api.waitFor(path('Pod', namespace, 'pod'), (it) => it === undefined);
    assert.throws(() => agent.kill(namespace, 'pod'), /no container .* runs/);
  });

  test('gets SIGTERM when its Pod is deleted, and the object goes when it has ended', async (t) => {
    const { agent, api, create, namespace, waitForPod } = await testAgent(t);
    await create(podOf(namespace, 'pod', templateOf(['serve'])));
    await waitForPod('pod', () => agent.logs(namespace, 'pod').includes('serving'));
    await api.delete(path('Pod', namespace, 'pod'));
    await api.waitFor(path('Pod', namespace, 'pod'), (it) => it === undefined);
    assert.match(agent.logs(namespace, 'pod'), /"stopping"/);
  });

  test('that does not end on SIGTERM is killed after the grace period', async (t) => {
    const { agent, api, create, namespace, waitForPod } = await testAgent(t);
    // The finalizer keeps the object, so that the test can read its last status.
    const { metadata, ...pod } = podOf(namespace, 'pod', templateOf(['stubborn']));
    await create({ ...pod, metadata: { ...metadata, finalizers: ['example.com/keep'] } });
    await waitForPod('pod', () => agent.logs(namespace, 'pod').includes('here'));
    await api.delete(path('Pod', namespace, 'pod'), { gracePeriodSeconds: 1 });
    const last = await waitForPod('pod', hasEnded);
    assert.equal(last.status?.phase, 'Failed');
    assert.equal(terminated(last)?.exitCode, 137);
    assert.match(agent.logs(namespace, 'pod'), /"not now"/);
    await api.patch(path('Pod', namespace, 'pod'), { metadata: { finalizers: null } }, 'merge');
    await api.waitFor(path('Pod', namespace, 'pod'), (it) => it === undefined);
  });

  test('is killed at once when its Pod is deleted by force', async (t) => {
    const { agent, api, create, namespace, waitForPod } = await testAgent(t);
    await create(podOf(namespace, 'pod', templateOf(['stubborn'])));
    await waitForPod('pod', () => agent.logs(namespace, 'pod').includes('here'));
    await api.delete(path('Pod', namespace, 'pod'), { gracePeriodSeconds: 0 });
    await create(podOf(namespace, 'pod', templateOf(['serve'])));
    await waitForPod('pod', isReady);
    assert.doesNotMatch(agent.logs(namespace, 'pod'), /not now/);
  });

  test('can be frozen and continued', async (t) => {
    const { agent, create, namespace, waitForPod } = await testAgent(t);
    const readinessProbe = {
      ...{ httpGet: { path: '/health', port: 8080 }, periodSeconds: 1, failureThreshold: 1 },
    };
    await create(podOf(namespace, 'pod', templateOf(['serve'], { container: { readinessProbe } })));
    await waitForPod('pod', isReady);
    agent.signal(namespace, 'pod', 'SIGSTOP');
    await waitForPod('pod', (it) => !isReady(it));
    agent.signal(namespace, 'pod', 'SIGCONT');
    const pod = await waitForPod('pod', isReady);
    assert.equal(containerStatus(pod)?.restartCount, 0);
  });

  test('begins when the init containers before it have succeeded, one after the other', async (t) => {
    const { agent, create, namespace, waitForPod } = await testAgent(t);
    const volumeMounts = [{ name: 'memory', mountPath: '/memory' }];
    const init = (name: string, times: string) => ({
      ...{ name, image: imageName, args: ['fail-times', times, '/memory/count'] },
      ...{ securityContext: restrictedContainer, volumeMounts },
    });
    const spec = {
      initContainers: [init('first', '1'), init('second', '0')],
      volumes: [{ name: 'memory', emptyDir: {} }],
    };
    const container = { args: ['read', '/memory/count'], volumeMounts };
    const never = { ...spec, restartPolicy: 'OnFailure' };
    await create(podOf(namespace, 'pod', templateOf([], { container, spec: never })));
    const pod = await waitForPod('pod', hasEnded);
    assert.equal(pod.status?.phase, 'Succeeded');
    assert.equal(agent.logs(namespace, 'pod'), '1\n2\n3\n["3"]\n');
    const restarts = pod.status?.initContainerStatuses?.map(({ restartCount }) => restartCount);
    assert.deepEqual(restarts, [1, 0]);
  });

  test('does not begin if an init container before it has permanently failed', async (t) => {
    const { agent, create, namespace, waitForPod } = await testAgent(t);
    const first = { name: 'first', image: imageName, args: ['exit', '9'] };
    const spec = { initContainers: [first], restartPolicy: 'Never' };
    await create(podOf(namespace, 'pod', templateOf(['say', 'begun'], { spec })));
    const pod = await waitForPod('pod', hasEnded);
    assert.equal(pod.status?.phase, 'Failed');
    assert.equal(agent.logs(namespace, 'pod'), '');
  });
});
