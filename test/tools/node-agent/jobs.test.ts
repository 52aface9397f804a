import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import type { Pod } from '../../../tools/node-agent/pod.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import {
  type Agent,
  hasEnded,
  type PodOptions,
  podOf,
  templateOf,
  terminated,
  testAgent,
} from '../../../tools/node-agent/testing.ts';

suite('a Job', { skip: skipWithoutNodeAgent(), concurrency: 2 }, () => {
  test('is complete when its Pod has ended with 0', async (t) => {
    const agent = await testAgent(t);
    const job = await runJob(agent, ['say', 'done']);
    assert.equal(conditionOf(job)?.type, 'Complete');
    assert.equal(job?.status?.['succeeded'], 1);
    assert.equal(agent.agent.jobLogs(agent.namespace, 'job'), '"done"\n');
    const [pod] = await agent.api.list<Pod>(path('Pod', agent.namespace));
    assert.equal(pod?.status?.phase, 'Succeeded');
    const { exitCode, reason } = terminated(pod) ?? {};
    assert.deepEqual({ exitCode, reason }, { exitCode: 0, reason: 'Completed' });
  });

  test('has failed when its Pod has ended with another exit code, which the status of the Pod contains', async (t) => {
    const agent = await testAgent(t);
    const job = await runJob(agent, ['exit', '3']);
    const { type, reason } = conditionOf(job) ?? {};
    assert.deepEqual({ type, reason }, { type: 'Failed', reason: 'BackoffLimitExceeded' });
    const [pod] = await agent.api.list<Pod>(path('Pod', agent.namespace));
    assert.equal(pod?.status?.phase, 'Failed');
    assert.equal(terminated(pod)?.exitCode, 3);
    assert.equal(terminated(pod)?.reason, 'Error');
  });

  test('restarts its failed container in the same Pod under OnFailure, until it ends with 0', async (t) => {
    const agent = await testAgent(t);
    const volumes = [{ name: 'memory', emptyDir: {} }];
    const volumeMounts = [{ name: 'memory', mountPath: '/memory' }];
    const spec = { restartPolicy: 'OnFailure', volumes };
    const args = ['fail-times', '2', '/memory/count'];
    const job = await runJob(agent, args, { container: { volumeMounts }, spec });
    assert.equal(conditionOf(job)?.type, 'Complete');
    assert.equal(agent.agent.jobLogs(agent.namespace, 'job'), '1\n2\n3\n');
    const [pod] = await agent.api.list<Pod>(path('Pod', agent.namespace));
    assert.equal(pod?.status?.containerStatuses?.[0]?.restartCount, 2);
  });

  test('ends its Pod with SIGTERM after its activeDeadlineSeconds', async (t) => {
    const { agent, api, namespace, ...rest } = await testAgent(t);
    const job = path('Job', namespace, 'job');
    await createJob({ agent, api, namespace, ...rest }, ['serve']);
    await api.waitFor(job, () => agent.jobLogs(namespace, 'job').includes('serving'));
    await api.patch(job, { spec: { activeDeadlineSeconds: 1 } });
    const { type, reason } = conditionOf(await api.waitFor(job, isOver)) ?? {};
    assert.deepEqual({ type, reason }, { type: 'Failed', reason: 'DeadlineExceeded' });
    assert.match(agent.jobLogs(namespace, 'job'), /"stopping"/);
  });

  test('has its last output in the status, from the message file or from the log', async (t) => {
    const { create, namespace, waitForPod } = await testAgent(t);
    const spec = { restartPolicy: 'Never' };
    const fromFile = templateOf(['write', '/dev/termination-log'], { spec });
    await create(podOf(namespace, 'file', fromFile));
    const container = { terminationMessagePolicy: 'FallbackToLogsOnError' };
    await create(podOf(namespace, 'log', templateOf(['no-such-command'], { container, spec })));
    assert.equal(terminated(await waitForPod('file', hasEnded))?.message, 'x');
    const { message = '' } = terminated(await waitForPod('log', hasEnded)) ?? {};
    assert.match(message, /no-such-command/);
  });

  test("whose Pod is past the Pod's own activeDeadlineSeconds has failed, and says why", async (t) => {
    const { agent, api, create, namespace, waitForPod } = await testAgent(t);
    await create(
      podOf(namespace, 'slow', templateOf(['serve'], { spec: { restartPolicy: 'Never' } })),
    );
    await waitForPod('slow', () => agent.logs(namespace, 'slow').includes('serving'));
    await api.patch(path('Pod', namespace, 'slow'), { spec: { activeDeadlineSeconds: 1 } });
    const { status } = await waitForPod('slow', hasEnded);
    assert.deepEqual([status?.phase, status?.reason], ['Failed', 'DeadlineExceeded']);
    assert.match(agent.logs(namespace, 'slow'), /"stopping"/);
  });
});

async function runJob(agent: Agent, args: readonly string[], options: PodOptions = {}) {
  await createJob(agent, args, options);
  return agent.api.waitFor(path('Job', agent.namespace, 'job'), isOver);
}

async function createJob(
  { create }: Agent,
  args: readonly string[],
  options: PodOptions = {},
): Promise<void> {
  const spec = { restartPolicy: 'Never', ...options.spec };
  const template = templateOf(args, { ...options, spec });
  await create({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'job' },
    spec: { backoffLimit: spec.restartPolicy === 'Never' ? 0 : 4, template },
  });
}

const isOver = (job: KubernetesObject | undefined) => conditionOf(job) !== undefined;

type JobCondition = { type: string; status: string; reason: string };

/** The condition that says how the Job ended; undefined while it runs. */
function conditionOf(job: KubernetesObject | undefined): JobCondition | undefined {
  const conditions = (job?.status?.['conditions'] ?? []) as JobCondition[];
  return conditions.find(({ type }) => type === 'Complete' || type === 'Failed');
}
