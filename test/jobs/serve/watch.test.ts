import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { neededPermissions } from '../../../lib/permissions/permissions.ts';
import { roleRules } from '../../../lib/permissions/role-rules.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { configMap, deployment, using } from '../../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { optedIn, prefix, reasonsIn, runPass } from '../../handler/run-pass.ts';
import { type LogLine, type Program, startProgram } from '../run-program.ts';

const bounded = { timeout: 120_000 };

/** Creates a namespace with ConfigMaps a and b, and with a Deployment of the same name for each. */
async function shop(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  for (const name of ['a', 'b']) await addShop(namespace, name);
  return namespace;
}

async function addShop(
  namespace: string,
  name: string,
  annotations: Record<string, string> = optedIn,
): Promise<void> {
  const { api } = testCluster();
  await api.create(configMap({ namespace, name, data: { level: 'info' } }));
  await api.create(deployment({ namespace, name, annotations, pod: using({ configMap: name }) }));
}

const change = (namespace: string, name: string, level: string) =>
  testCluster().api.patch(path('ConfigMap', namespace, name), { data: { level } });

const annotate = (namespace: string, name: string, annotations: Record<string, string | null>) =>
  testCluster().api.patch(path('Deployment', namespace, name), { metadata: { annotations } });

/** Starts a process with full passes only at the start and once a year. */
function startSchedule(
  t: TestContext,
  namespace: string,
  watch: string,
  ...more: readonly string[]
): Program {
  const { kubeconfig } = testCluster().cluster;
  const program = startProgram([
    ...['schedule', '--kubeconfig', kubeconfig, '--namespaces', namespace],
    ...['--lease-namespace', namespace, '--lease-duration-seconds', '5'],
    ...['--listen', '127.0.0.1:0', '--schedule', '0 0 1 1 *', '--triggers-watch', watch, ...more],
  ]);
  t.after(() => program.kill('SIGKILL'));
  return program;
}

async function started(...args: Parameters<typeof startSchedule>): Promise<Program> {
  const program = startSchedule(...args);
  await program.logged(isFull, 'the first pass');
  return program;
}

const isFull = ({ pass, partial }: LogLine) => pass === 'Completed' && partial === undefined;
const isPartial = ({ partial }: LogLine) => partial === true;
const partialPasses = (program: Program) => program.log().filter(isPartial).length;
const fullPasses = (program: Program) => program.log().filter(isFull).length;
const isWritten =
  (name: string, reason = 'ConfigChanged') =>
  (line: LogLine) =>
    line['name'] === name && line['reason'] === reason;

async function ended(program: Program): Promise<void> {
  program.kill('SIGTERM');
  const { status, stderr } = await program.ended;
  assert.deepEqual([status, stderr], [0, '']);
}

test(
  'a changed ConfigMap starts a pass over its workloads alone, and our own write starts none',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    const program = await started(t, namespace, 'ConfigMap,Workload');
    await change(namespace, 'a', 'debug');
    await program.logged(isWritten('a'), 'the change');
    const line = await program.logged(isPartial, 'the partial pass');
    assert.equal(line['workloads'], 1);
    await pause(1500);
    assert.deepEqual([partialPasses(program), fullPasses(program)], [1, 1]);
    assert.equal(await rollouts('Deployment', namespace, 'a'), 3);
    assert.equal(await rollouts('Deployment', namespace, 'b'), 2);
    await ended(program);
  },
);

test('changes during a pass are not lost', bounded, async (t) => {
  const namespace = await shop(t);
  const program = await started(t, namespace, 'ConfigMap');
  for (let round = 0; round < 10; round += 1) {
    await change(namespace, 'a', `a${round}`);
    await change(namespace, 'b', `b${round}`);
  }
  await pause(1000);
  const report = await runPass(namespace, { write: false });
  assert.deepEqual(reasonsIn(report), { 'Deployment/a': 'UpToDate', 'Deployment/b': 'UpToDate' });
  assert.equal(fullPasses(program), 1);
  await ended(program);
});

test(
  'a workload that is opted in is handled at once, and then its ConfigMap is watched',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    await addShop(namespace, 'c', {});
    const program = await started(t, namespace, 'ConfigMap,Workload');
    await change(namespace, 'c', 'debug');
    await annotate(namespace, 'c', optedIn);
    await program.logged(isWritten('c', 'FirstSeen'), 'the opt-in');
    await program.logged(isPartial, 'the partial pass');
    assert.equal(partialPasses(program), 1);
    await change(namespace, 'c', 'trace');
    await program.logged(isWritten('c'), 'the change');
    assert.equal(fullPasses(program), 1);
    await ended(program);
  },
);

test('a source that no opted-in workload uses starts no pass', bounded, async (t) => {
  const namespace = await shop(t);
  await addShop(namespace, 'c', {});
  const program = await started(t, namespace, 'ConfigMap,Workload');
  await change(namespace, 'c', 'debug');
  await testCluster().api.create(configMap({ namespace, name: 'other', data: { level: 'x' } }));
  await pause(1500);
  assert.deepEqual([partialPasses(program), fullPasses(program)], [0, 1]);
  await ended(program);
});

test('a change of a workload that may wait for others starts a full pass', bounded, async (t) => {
  const namespace = await shop(t);
  await annotate(namespace, 'b', { [`${prefix}/rollout-order`]: '5' });
  const program = await started(t, namespace, 'ConfigMap');
  await change(namespace, 'a', 'debug');
  await program.logged(isWritten('a'), 'the change');
  await pause(500);
  assert.deepEqual([partialPasses(program), fullPasses(program)], [0, 2]);
  await ended(program);
});

test('with a limit on concurrent rollouts, a change starts a full pass', bounded, async (t) => {
  const namespace = await shop(t);
  const program = await started(t, namespace, 'ConfigMap', '--rollouts-max-concurrent', '5');
  await change(namespace, 'a', 'debug');
  await program.logged(isWritten('a'), 'the change');
  await pause(500);
  assert.deepEqual([partialPasses(program), fullPasses(program)], [0, 2]);
  await ended(program);
});

test('a hold with a known end gets a pass at that time', bounded, async (t) => {
  const namespace = await shop(t);
  const program = await started(t, namespace, 'ConfigMap');
  const until = new Date(Date.now() + 5000).toISOString().replace(/\.\d+Z$/, 'Z');
  await annotate(namespace, 'a', { [`${prefix}/rollout-pause`]: until });
  await change(namespace, 'a', 'debug');
  await program.logged(isWritten('a', 'Paused'), 'the hold');
  await program.logged(isWritten('a'), 'the change');
  assert.ok(Date.now() >= Date.parse(until));
  assert.equal(fullPasses(program), 1);
  await ended(program);
});

const leasePath = (namespace: string) =>
  `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/wave-cron`;

async function leaseOf(namespace: string) {
  const { spec, metadata } = await testCluster().api.get<{
    spec: { holderIdentity?: string };
    metadata: { annotations: Record<string, string> };
  }>(leasePath(namespace));
  const yields = metadata.annotations['wave.pusher.com/yield'];
  return { isHeld: (spec.holderIdentity ?? '') !== '', yields };
}

const oneOff = (namespace: string, command: string) =>
  startProgram([
    ...[command, '--kubeconfig', testCluster().cluster.kubeconfig, '--namespaces', namespace],
    ...['--lease-namespace', namespace, '--lease-duration-seconds', '5'],
    ...(command === 'release' ? ['--yes'] : []),
  ]);

for (const command of ['once', 'release']) {
  test(`${command} gets the Lease from a replica that keeps it`, bounded, async (t) => {
    const namespace = await shop(t);
    const program = await started(t, namespace, 'ConfigMap');
    assert.deepEqual(await leaseOf(namespace), { isHeld: true, yields: 'on-request' });
    const other = oneOff(namespace, command);
    t.after(() => other.kill('SIGKILL'));
    const { status, stdout, stderr } = await other.ended;
    assert.equal(status, 0, stdout + stderr);
    assert.doesNotMatch(stdout, /LeaseHeld/);
    if (command === 'once') {
      await change(namespace, 'a', 'debug');
      await program.logged(isWritten('a'), 'the change');
      await program.logged(isPartial, 'a pass');
      assert.deepEqual(await leaseOf(namespace), { isHeld: true, yields: 'on-request' });
    }
    await ended(program);
    const after = await leaseOf(namespace);
    assert.equal(after.yields, undefined);
  });
}

test(
  'a second replica takes over when the first one dies, and no change is lost',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    const first = await started(t, namespace, 'ConfigMap');
    const second = startSchedule(t, namespace, 'ConfigMap', '--log-level', 'debug');
    await second.logged(({ pass }) => pass === 'LeaseHeld', 'the other holds the Lease');
    await change(namespace, 'a', 'debug');
    await first.logged(isWritten('a'), 'the change');
    first.kill('SIGKILL');
    await change(namespace, 'b', 'debug');
    await second.logged(isWritten('b'), 'the change for the second');
    await second.logged(isFull, 'a full pass');
    await change(namespace, 'a', 'trace');
    await second.logged(isWritten('a'), 'a change at once');
    assert.equal(fullPasses(second), 1);
    await ended(second);
  },
);

test(
  'a process that was stopped for longer than its Lease acts on what changed in that time',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    const program = await started(t, namespace, 'ConfigMap');
    program.kill('SIGSTOP');
    await change(namespace, 'a', 'debug');
    await pause(8000);
    program.kill('SIGCONT');
    await program.logged(isWritten('a'), 'the change');
    assert.equal(fullPasses(program), 1);
    await ended(program);
  },
);

test(
  'a watch that the account may not have is logged, and the others go on',
  bounded,
  async (t) => {
    const namespace = await shop(t);
    const needed = neededPermissions(
      { ...defaultSettings, namespaces: [namespace], triggers: { http: {}, watch: ['ConfigMap'] } },
      { namespace, name: 'wave-cron' },
    );
    const rules = roleRules(needed).flatMap(({ rules: all }) => all);
    const { kubeconfig } = await serviceAccount(t, { namespace, rules });
    const program = startSchedule(t, namespace, 'ConfigMap,Secret', '--kubeconfig', kubeconfig);
    await program.logged(isFull, 'the first pass');
    const { level } = await program.logged(
      ({ watched }) => String(watched).endsWith('/secrets'),
      'the watch of Secrets',
    );
    assert.equal(level, 'warn');
    await change(namespace, 'a', 'debug');
    await program.logged(isWritten('a'), 'the change');
    assert.equal(fullPasses(program), 1);
    await ended(program);
  },
);
