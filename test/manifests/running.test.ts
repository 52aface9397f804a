/**
 * The shipped forms at work: applied by kubectl, started by the controllers of a real control plane,
 * run by the node agent as the shipped ServiceAccount. They wait for a CronJob's ticks side by side.
 */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { type KubernetesObject, path } from '../control-plane/api.ts';
import { configMap, deployment } from '../control-plane/objects.ts';
import { hasKubectl, randomName, testCluster, testNamespace } from '../control-plane/testing.ts';
import { templateAnnotations } from '../handler/run-pass.ts';
import { type LogLine, logLines } from '../jobs/run-program.ts';
import type { Pod } from '../node-agent/pod.ts';
import { skipWithoutNodeAgent } from '../node-agent/support.ts';
import { terminated } from '../node-agent/testing.ts';
import { application } from './application.ts';
import { watchExits } from './exits.ts';
import { type Installation, install } from './installation.ts';
import { runKubectl } from './kustomize.ts';
import { programImage } from './program-image.ts';

const skip = skipWithoutNodeAgent() || (hasKubectl() ? false : 'there is no kubectl');

/** Keeps a pass over all namespaces away from what other tests have annotated. */
const ownPrefix = (): string => `${randomName('prefix')}.example.com`;

type Job = KubernetesObject & {
  status?: { succeeded?: number; conditions?: { type: string; status: string }[] };
};
const isComplete = (job: Job | undefined): boolean =>
  job?.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') ??
  false;

/** The Job whose Pods have logged a line, once it is complete. */
async function jobThatLogged(
  { namespace, agent }: Installation,
  isWanted: (line: LogLine) => boolean,
): Promise<{ name: string; lines: LogLine[] }> {
  const { api } = testCluster();
  for (const { metadata } of await api.list<Job>(path('Job', namespace))) {
    const { name } = metadata;
    const lines = logLines(agent.jobLogs(namespace, name));
    if (!lines.some(isWanted)) continue;
    await api.waitFor<Job>(path('Job', namespace, name), isComplete, { what: `Job ${name}` });
    return { name, lines: logLines(agent.jobLogs(namespace, name)) };
  }
  throw new Error(`no Job of ${namespace} has logged that`);
}

async function exitCodesOf(namespace: string, job: string): Promise<unknown[]> {
  const pods = await testCluster().api.list<Pod>(path('Pod', namespace));
  return pods
    .filter(({ metadata }) => metadata.labels?.['job-name'] === job)
    .map((pod) => terminated(pod)?.exitCode);
}

suite('wave-cron as it is shipped', { skip, concurrency: true }, () => {
  const image =
    skip === false ? programImage({ after: (end) => process.on('exit', end) }) : { root: {} };

  test('rolls, as a CronJob, a Deployment whose ConfigMap has changed, at the next tick', async (t) => {
    const prefix = ownPrefix();
    const web = await application(t, prefix);
    const patch = JSON.stringify([
      { op: 'replace', path: '/spec/successfulJobsHistoryLimit', value: 1 },
    ]);
    const waveCron = await install(t, {
      ...{ form: 'cronjob', image, namespaces: [web.namespace] },
      settings: { annotationPrefix: prefix },
      overlay: { patches: [{ target: { kind: 'CronJob' }, patch }] },
    });
    const { namespace } = waveCron;

    const first = await web.hash();
    assert.equal(await web.rollouts(), 2);
    const stamping = await jobThatLogged(waveCron, ({ reason }) => reason === 'FirstSeen');
    assert.deepEqual(await exitCodesOf(namespace, stamping.name), [0]);

    await web.change('green');
    await web.hash(first);
    await web.isRolledOut();
    const rolling = await jobThatLogged(waveCron, ({ reason }) => reason === 'ConfigChanged');
    assert.notEqual(rolling.name, stamping.name);
    assert.deepEqual(await exitCodesOf(namespace, rolling.name), [0]);
    const [change] = rolling.lines.filter(({ reason }) => reason === 'ConfigChanged');
    assert.deepEqual(
      [change?.['kind'], change?.['namespace'], change?.['name'], change?.['changed']],
      ['Deployment', web.namespace, 'web', ['ConfigMap/web-config']],
    );
    assert.equal(rolling.lines.at(-1)?.['pass'], 'Completed');
    assert.equal(await web.rollouts(), 3);
    assert.equal((await waveCron.lease()).holderIdentity ?? '', '');

    // The history holds no more than it should.
    await testCluster().api.waitFor<Job>(
      path('Job', namespace, stamping.name),
      (job) => job === undefined || job.metadata['deletionTimestamp'] !== undefined,
      { what: 'the end of the older Job' },
    );
    await assertRightsSuffice(waveCron);
  });

  test('keeps, with the component namespaced, its own namespace current and sees no other', async (t) => {
    const { api } = testCluster();
    const prefix = ownPrefix();
    const patch = JSON.stringify([{ op: 'add', path: '/spec/suspend', value: true }]);
    const waveCron = await install(t, {
      ...{ form: 'cronjob', image, namespaces: [] },
      components: ['components/namespaced'],
      settings: { annotationPrefix: prefix },
      overlay: { patches: [{ target: { kind: 'CronJob' }, patch }] },
    });
    const { namespace, name } = waveCron;
    const outside = await testNamespace(t);
    for (const each of [namespace, outside]) await createWorkload(each, prefix);

    await runKubectl('-n', namespace, 'create', 'job', 'now', `--from=cronjob/${name}`);
    await api.waitFor<Job>(path('Job', namespace, 'now'), isComplete, { what: 'the Job' });
    const lines = logLines(waveCron.agent.jobLogs(namespace, 'now'));
    assert.deepEqual(lines.at(-1)?.['counts'], { FirstSeen: 1 });
    assert.ok((await templateAnnotations(namespace, 'worker'))[`${prefix}/config-hash`]);
    assert.deepEqual(await templateAnnotations(outside, 'worker'), {});
    const requests = await assertRightsSuffice(waveCron);
    assert.deepEqual([...new Set(requests.map((it) => it.objectRef?.namespace))], [namespace]);
  });

  test('keeps, as a Deployment of two, working while it is restarted, killed and scaled', async (t) => {
    await keepsWorking(t);
  });

  async function keepsWorking(t: TestContext): Promise<void> {
    const { api } = testCluster();
    const prefix = ownPrefix();
    const web = await application(t, prefix);
    const waveCron = await install(t, {
      ...{ form: 'deployment', image, namespaces: [web.namespace] },
      settings: { annotationPrefix: prefix, resyncInterval: '2s', lease: { durationSeconds: 5 } },
      overlay: { replicas: [{ name: 'wave-cron', count: 2 }] },
      // A killed replica stays away for the whole of the test, so that the other one must do it.
      backOff: { firstMs: 600_000, longestMs: 600_000 },
    });
    const { namespace, name, agent } = waveCron;
    const deployment = path('Deployment', namespace, name);
    const rollOut = () =>
      runKubectl('-n', namespace, 'rollout', 'status', 'deployment', name, '--timeout=60s');
    const podNames = async () => {
      const pods = await api.list<Pod>(path('Pod', namespace));
      return pods
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name);
    };
    const exits = watchExits(namespace);
    t.after(() => exits.stop());

    await rollOut();
    let hash = await web.hash();
    const changeTo = async (color: string) => {
      await web.change(color);
      hash = await web.hash(hash);
    };
    await changeTo('green');
    const before = await podNames();
    assert.equal(before.length, 2);
    for (const pod of before) {
      const { status, body } = await agent.get(namespace, pod, 8080, '/metrics');
      assert.equal(status, 200);
      assert.match(body, /^# TYPE wave_cron_/m);
    }

    await runKubectl('-n', namespace, 'rollout', 'restart', 'deployment', name);
    await changeTo('yellow');
    await rollOut();
    for (const pod of before) assert.equal(await exits.codeOf(pod), 0, agent.logs(namespace, pod));
    await changeTo('red');

    const active = await activePod(waveCron);
    agent.kill(namespace, active);
    assert.equal(await exits.codeOf(active), 137);
    await changeTo('white');
    const [standby] = (await podNames()).filter((pod) => pod !== active);
    assert.ok(standby);
    const told = logLines(agent.logs(namespace, standby));
    assert.equal(told.filter(({ reason }) => reason === 'ConfigChanged').length > 0, true);

    await runKubectl('-n', namespace, 'scale', 'deployment', name, '--replicas=0');
    assert.equal(await exits.codeOf(standby), 0, agent.logs(namespace, standby));
    await api.waitFor(deployment, (it) => it?.status?.['replicas'] === undefined);
    assert.equal((await waveCron.lease()).holderIdentity ?? '', '');
    // The first rollout, the first hash, and one rollout for each of four changes.
    assert.equal(await web.rollouts(), 6);
    await web.isRolledOut();
    await assertRightsSuffice(waveCron);
  }
});

/** That of the replica which holds the lease now. */
async function activePod({ namespace }: Installation): Promise<string> {
  type Lease = { spec: { holderIdentity?: string } };
  const lease = await testCluster().api.waitFor<Lease>(
    path('Lease', namespace, 'wave-cron'),
    (it) => (it?.spec.holderIdentity ?? '') !== '',
    { what: 'a holder of the lease' },
  );
  const identity = lease?.spec.holderIdentity ?? '';
  const pods = await testCluster().api.list<Pod>(path('Pod', namespace));
  const holder = pods.find(({ metadata }) => identity.startsWith(metadata.name));
  assert.ok(holder, `${identity} is a Pod of ${namespace}`);
  return holder.metadata.name;
}

/** An annotated Deployment without Pods, and the ConfigMap that it references. */
async function createWorkload(namespace: string, prefix: string): Promise<void> {
  const { api } = testCluster();
  await api.create(configMap({ namespace, name: 'config', data: { a: '1' } }));
  const volumes = [{ name: 'config', configMap: { name: 'config' } }];
  const annotations = { [`${prefix}/update-on-config-change`]: 'true' };
  await api.create(deployment({ namespace, name: 'worker', annotations, pod: { volumes } }));
}

/** Nothing that it asked for was refused, and it asked for no list of sources. Returns all requests. */
async function assertRightsSuffice(waveCron: Installation) {
  const requests = await waveCron.requests();
  assert.ok(requests.length > 0);
  const refused = requests.filter((it) => [401, 403].includes(it.responseStatus?.code ?? 0));
  assert.deepEqual(refused, []);
  const ofSources = requests.filter((it) =>
    ['configmaps', 'secrets'].includes(it.objectRef?.resource ?? ''),
  );
  assert.deepEqual([...new Set(ofSources.map(({ verb }) => verb))], ['get']);
  return requests;
}
