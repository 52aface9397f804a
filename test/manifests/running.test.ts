/**
 * The shipped forms in operation: kubectl applies them, the controllers of a real control plane start them, and
 * the node agent runs their Pods as the shipped ServiceAccount. The tests run concurrently, because each waits
 * for the ticks of a CronJob.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { shardOf } from '../../lib/rules/shards.ts';
import { type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import type { AuditEntry } from '../../tools/control-plane/audit.ts';
import { configMap, deployment } from '../../tools/control-plane/objects.ts';
import {
  hasKubectl,
  randomName,
  testCluster,
  testNamespace,
} from '../../tools/control-plane/testing.ts';
import type { Pod } from '../../tools/node-agent/pod.ts';
import { skipWithoutNodeAgent } from '../../tools/node-agent/support.ts';
import { terminated } from '../../tools/node-agent/testing.ts';
import { templateAnnotations } from '../handler/run-pass.ts';
import { type LogLine, logLines, runProgram } from '../jobs/run-program.ts';
import { application } from './application.ts';
import { watchExits } from './exits.ts';
import { type Installation, install } from './installation.ts';
import { runKubectl, shardsFile } from './kustomize.ts';
import { programImage } from './program-image.ts';

const skip = skipWithoutNodeAgent() || (hasKubectl() ? false : 'there is no kubectl');

suite('wave-cron as it is shipped', { skip, concurrency: true }, () => {
  test('rolls, as a CronJob, a Deployment with a changed ConfigMap at the next tick, even if an earlier Job hangs', async (t) => {
    const prefix = ownPrefix();
    const web = await application(t, prefix);
    const history = { op: 'replace', path: '/spec/successfulJobsHistoryLimit', value: 1 };
    const waveCron = await install(t, {
      ...{ form: 'cronjob', image: programImage(), namespaces: [web.namespace] },
      components: ['components/ownership'],
      settings: { annotationPrefix: prefix, ownership: 'finalizer' },
      overlay: { patches: [{ target: { kind: 'CronJob' }, patch: JSON.stringify([history]) }] },
    });
    const { namespace } = waveCron;
    await leaveJobUnended(waveCron);

    const first = await web.hash();
    assert.equal(await web.rollouts(), 2);
    await web.owned();
    const stamping = await jobThatLogged(waveCron, 'FirstSeen');
    assert.deepEqual(await exitCodesOf(namespace, stamping.name), [0]);

    await web.change('green');
    await web.hash(first);
    await web.rolledOut();
    const rolling = await jobThatLogged(waveCron, 'ConfigChanged');
    assert.notEqual(rolling.name, stamping.name);
    assert.deepEqual(await exitCodesOf(namespace, rolling.name), [0]);
    const [told, summary, ...more] = rolling.lines;
    assert.deepEqual(
      [told?.['kind'], told?.['namespace'], told?.['name'], told?.['changed']],
      ['Deployment', web.namespace, 'web', ['ConfigMap/web-config']],
    );
    assert.deepEqual([summary?.['pass'], summary?.['counts']], ['Completed', { ConfigChanged: 1 }]);
    assert.deepEqual(more, []);
    assert.equal(await web.rollouts(), 3);
    assert.equal(await holderOf(namespace), '');

    // The CronJob deletes Jobs beyond the limit of its history.
    await testCluster().api.waitFor<Job>(
      path('Job', namespace, stamping.name),
      (job) => job === undefined || job.metadata['deletionTimestamp'] !== undefined,
      { what: 'the end of the older Job' },
    );
    await assertPermissionsSuffice(waveCron, ['get', 'patch']);

    // The order in docs/ownership.md: first stop wave-cron, then remove its owner references and finalizers,
    // then delete the rest.
    await runKubectl(
      '-n',
      namespace,
      'delete',
      'cronjob',
      '-l',
      'app.kubernetes.io/name=wave-cron',
    );
    const { kubeconfig } = testCluster().cluster;
    const release = await runProgram([
      ...['release', '--yes', '-n', web.namespace, '--kubeconfig', kubeconfig],
      ...['--lease-namespace', namespace, '--annotation-prefix', prefix],
    ]);
    assert.equal(release.status, 0, release.stdout + release.stderr);
    await waveCron.uninstall();
    await web.unmarked();
    assert.equal(await web.rollouts(), 3);
  });

  test('updates, with the component namespaced, only its own namespace, and reads no other', async (t) => {
    const { api } = testCluster();
    const prefix = ownPrefix();
    // The CronJob is suspended, so that only the test starts a Job.
    const suspend = { op: 'add', path: '/spec/suspend', value: true };
    const waveCron = await install(t, {
      ...{ form: 'cronjob', image: programImage(), namespaces: [] },
      components: ['components/namespaced'],
      settings: { annotationPrefix: prefix },
      overlay: { patches: [{ target: { kind: 'CronJob' }, patch: JSON.stringify([suspend]) }] },
    });
    const { namespace, name } = waveCron;
    const outside = await testNamespace(t);
    for (const each of [namespace, outside]) await createWorkload(each, prefix);

    await runKubectl('-n', namespace, 'create', 'job', 'now', `--from=cronjob/${name}`);
    const job = await api.waitFor<Job>(path('Job', namespace, 'now'), hasEnded, {
      ...{ what: 'the end of the Job', timeoutMs: 60_000 },
    });
    const log = waveCron.agent.jobLogs(namespace, 'now');
    assert.ok(isComplete(job), log);
    const lines = logLines(log);
    assert.deepEqual(lines.at(-1)?.['counts'], { FirstSeen: 1 });
    assert.ok((await templateAnnotations(namespace, 'worker'))[`${prefix}/config-hash`]);
    assert.deepEqual(await templateAnnotations(outside, 'worker'), {});
    const requests = await assertPermissionsSuffice(waveCron, ['get']);
    assert.deepEqual([...new Set(requests.map((it) => it.objectRef?.namespace))], [namespace]);
  });

  test('divides, with the component sharded, the namespaces among the Pods of an Indexed Job', async (t) => {
    const { api } = testCluster();
    const prefix = ownPrefix();
    const suspend = { op: 'add', path: '/spec/suspend', value: true };
    const waveCron = await install(t, {
      ...{ form: 'cronjob', image: programImage(), namespaces: [] },
      ...{ components: ['components/sharded'], files: shardsFile(3) },
      settings: { annotationPrefix: prefix },
      overlay: { patches: [{ target: { kind: 'CronJob' }, patch: JSON.stringify([suspend]) }] },
    });
    const { namespace, name } = waveCron;
    const places = await Promise.all(Array.from({ length: 8 }, () => testNamespace(t)));
    await Promise.all(places.map((each) => createWorkload(each, prefix)));

    await runKubectl('-n', namespace, 'create', 'job', 'now', `--from=cronjob/${name}`);
    const job = await api.waitFor<Job>(path('Job', namespace, 'now'), hasEnded, {
      ...{ what: 'the end of the Job', timeoutMs: 120_000 },
    });
    const log = waveCron.agent.jobLogs(namespace, 'now');
    assert.ok(isComplete(job), log);
    assert.equal(job?.status?.completedIndexes, '0-2');
    assert.deepEqual(await exitCodesOf(namespace, 'now'), [0, 0, 0]);
    const lines = logLines(log);
    const stamped = lines.filter(({ reason }) => reason === 'FirstSeen');
    assert.deepEqual(
      stamped.map((line) => `${line['namespace']} ${line['shard']}`).sort(),
      places.map((each) => `${each} ${shardOf(each, 3)}/3`).sort(),
    );
    const passes = lines.filter((line) => 'pass' in line);
    assert.deepEqual(passes.map(({ pass, shard }) => `${pass} ${shard}`).sort(), [
      ...['Completed 0/3', 'Completed 1/3', 'Completed 2/3'],
    ]);
    for (const each of places)
      assert.ok((await templateAnnotations(each, 'worker'))[`${prefix}/config-hash`]);
    await assertPermissionsSuffice(waveCron, ['get']);
  });

  test('keeps working, as a Deployment with two replicas, during a restart, a kill, scaling and its deletion', async (t) => {
    const { api } = testCluster();
    const prefix = ownPrefix();
    const web = await application(t, prefix);
    const waveCron = await install(t, {
      ...{ form: 'deployment', image: programImage(), namespaces: [web.namespace] },
      settings: { annotationPrefix: prefix, resyncInterval: '2s', lease: { durationSeconds: 5 } },
      overlay: { replicas: [{ name: 'wave-cron', count: 2 }] },
      // The back-off is so long that the killed replica does not come back during the test: the other one has
      // to do the work.
      backOff: { firstMs: 600_000, longestMs: 600_000 },
    });
    const { namespace, name, agent } = waveCron;
    const onDeployment = (...args: string[]) =>
      runKubectl('-n', namespace, ...args, `deployment/${name}`);
    const rolledOut = () => onDeployment('rollout', 'status', '--timeout=60s');
    const changesToldBy = (pod: string) =>
      logLines(agent.logs(namespace, pod)).filter(({ reason }) => reason === 'ConfigChanged');
    const exits = watchExits(namespace);
    t.after(() => exits.stop());

    await rolledOut();
    let hash = await web.hash();
    const changeTo = async (color: string) => {
      await web.change(color);
      hash = await web.hash(hash);
    };
    await changeTo('green');
    const before = await podsOf(namespace);
    assert.equal(before.length, 2);
    for (const pod of before) {
      const { status, body } = await agent.get(namespace, pod, 8080, '/metrics');
      assert.equal(status, 200);
      assert.match(body, /^# TYPE wave_cron_/m);
    }

    await onDeployment('rollout', 'restart');
    await changeTo('yellow');
    await rolledOut();
    for (const pod of before) assert.equal(await exits.codeOf(pod), 0, agent.logs(namespace, pod));

    const active = await activePod(namespace);
    const [standby = '', ...others] = (await podsOf(namespace)).filter((pod) => pod !== active);
    assert.deepEqual(others, []);
    const toldBefore = changesToldBy(standby).length;
    agent.kill(namespace, active);
    assert.equal(await exits.codeOf(active), 137);
    await changeTo('red');
    await changeTo('white');

    await onDeployment('scale', '--replicas=0');
    assert.equal(await exits.codeOf(standby), 0, agent.logs(namespace, standby));
    assert.equal(changesToldBy(standby).length, toldBefore + 2);
    assert.equal(await holderOf(namespace), '');
    // The first rollout, the first hash, and four changes with one rollout each.
    assert.equal(await web.rollouts(), 6);
    await web.rolledOut();
    await assertPermissionsSuffice(waveCron, ['get']);
    await web.unmarked();

    await waveCron.uninstall();
    for (const kind of ['ClusterRole', 'ClusterRoleBinding'] as const) {
      assert.equal(await api.find(path(kind, undefined, name)), undefined);
    }
    const left = await api.find(path('Namespace', undefined, namespace));
    assert.ok(left === undefined || left.metadata['deletionTimestamp'] !== undefined);
  });
});

/**
 * Returns an annotation prefix for this test only, so that a pass over all namespaces does not change the
 * workloads of other tests.
 */
function ownPrefix(): string {
  return `${randomName('prefix')}.example.com`;
}

type Job = KubernetesObject & {
  status?: { conditions?: { type: string; status: string }[]; completedIndexes?: string };
};

const isComplete = (job: Job | undefined): boolean => hasCondition(job, 'Complete');
const hasEnded = (job: Job | undefined): boolean => isComplete(job) || hasCondition(job, 'Failed');

function hasCondition(job: Job | undefined, wanted: string): boolean {
  const conditions = job?.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === wanted && status === 'True');
}

/** Creates a Job in the state after the node of its Pod has died: it neither ends nor makes progress. */
async function leaveJobUnended({ namespace, name }: Installation): Promise<void> {
  const { api } = testCluster();
  const cronJob = path('CronJob', namespace, name);
  const { spec, metadata } = await api.get<KubernetesObject & { spec: { jobTemplate: Job } }>(
    cronJob,
  );
  const { uid = '' } = metadata;
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true };
  const job: KubernetesObject = await api.create<KubernetesObject>({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { namespace, name: 'of-a-dead-node', ownerReferences: [owner] },
    spec: { ...spec.jobTemplate['spec'], suspend: true },
  });
  const active = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    namespace,
    name: 'of-a-dead-node',
    uid: job.metadata.uid,
  };
  await api.patch(`${cronJob}/status`, { status: { active: [active] } }, 'merge');
}

/** Waits for a complete Job with a line of this reason in its log. */
async function jobThatLogged(
  { namespace, agent }: Installation,
  reason: string,
): Promise<{ name: string; lines: LogLine[] }> {
  const { api } = testCluster();
  const linesOf = (job: string) => logLines(agent.jobLogs(namespace, job));
  type Jobs = { items: Job[] };
  const isWanted = (job: Job) =>
    isComplete(job) && linesOf(job.metadata.name).some((line) => line['reason'] === reason);
  const jobs = await api.waitFor<Jobs>(
    path('Job', namespace),
    (it) => it?.items.some(isWanted) === true,
    { what: `a complete Job of ${namespace} that has logged ${reason}`, timeoutMs: 60_000 },
  );
  const name = jobs?.items.find(isWanted)?.metadata.name ?? '';
  return { name, lines: linesOf(name) };
}

async function exitCodesOf(namespace: string, job: string): Promise<unknown[]> {
  const pods = await testCluster().api.list<Pod>(path('Pod', namespace));
  return pods
    .filter(({ metadata }) => metadata.labels?.['job-name'] === job)
    .map((pod) => terminated(pod)?.exitCode);
}

/** Names of the Pods that are not under deletion. */
async function podsOf(namespace: string): Promise<string[]> {
  const pods = await testCluster().api.list<Pod>(path('Pod', namespace));
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name);
}

type Lease = { spec?: { holderIdentity?: string } };

async function holderOf(namespace: string): Promise<string> {
  const { spec } = await testCluster().api.get<Lease>(path('Lease', namespace, 'wave-cron'));
  return spec?.holderIdentity ?? '';
}

/** The name of the Pod that holds the Lease now. */
async function activePod(namespace: string): Promise<string> {
  const lease = await testCluster().api.waitFor<Lease>(
    path('Lease', namespace, 'wave-cron'),
    (it) => (it?.spec?.holderIdentity ?? '') !== '',
    { what: 'a holder of the lease', timeoutMs: 60_000 },
  );
  const holder = lease?.spec?.holderIdentity ?? '';
  const active = (await podsOf(namespace)).find((pod) => holder.startsWith(pod));
  assert.ok(active, `${holder} is a Pod of ${namespace}`);
  return active;
}

/** Creates an annotated Deployment without Pods, and the ConfigMap that it references. */
async function createWorkload(namespace: string, prefix: string): Promise<void> {
  const { api } = testCluster();
  await api.create(configMap({ namespace, name: 'config', data: { a: '1' } }));
  const volumes = [{ name: 'config', configMap: { name: 'config' } }];
  const annotations = { [`${prefix}/update-on-config-change`]: 'true' };
  await api.create(deployment({ namespace, name: 'worker', annotations, pod: { volumes } }));
}

/**
 * Fails if the API server refused a request, or if the installation used other verbs on sources than these.
 * Returns all its requests.
 */
async function assertPermissionsSuffice(
  waveCron: Installation,
  verbsOnSources: readonly string[],
): Promise<AuditEntry[]> {
  const requests = await waveCron.requests();
  const refused = requests.filter((it) => [401, 403].includes(it.responseStatus?.code ?? 0));
  assert.deepEqual(refused, []);
  const ofSources = requests.filter((it) =>
    ['configmaps', 'secrets'].includes(it.objectRef?.resource ?? ''),
  );
  assert.deepEqual([...new Set(ofSources.map(({ verb }) => verb))].sort(), verbsOnSources);
  return requests;
}
