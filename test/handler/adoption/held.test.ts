/**
 * Workloads that Wave's webhook keeps from being scheduled, and that stay so after Wave is uninstalled. Each
 * command reports them, with a kubectl command that releases them.
 */
import assert from 'node:assert/strict';
import { exec } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  statefulSet,
  using,
  type Workload,
} from '../../../tools/control-plane/objects.ts';
import {
  hasKubectl,
  rollouts,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { runCheck } from '../../jobs/run-check.ts';
import { runExplain } from '../../jobs/run-explain.ts';
import { eventsAbout, optedIn, outcomeOf, runPass, type WorkloadKind } from '../run-pass.ts';

const { api, cluster } = testCluster();

/** The scheduler and the annotation that Wave writes if a required source is missing when the workload is created. */
const held = (schedulerName = 'wave.pusher.com/invalid', original = 'default-scheduler') => ({
  annotations: { ...optedIn, 'wave.pusher.com/scheduling-disabled': original },
  pod: { schedulerName, ...using({ configMap: 'settings' }) },
});

const makers: Readonly<Record<WorkloadKind, (workload: Workload) => KubernetesObject>> = {
  Deployment: deployment,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
};

type Scheduled = KubernetesObject & {
  spec: { template: { spec: { schedulerName: string } } };
};

const commandIn = (text: string): string =>
  /kubectl .*?\}'( && kubectl [^;]*)?/.exec(text)?.[0] ?? '';

for (const kind of Object.keys(makers) as WorkloadKind[]) {
  test(`plan, pass, explain and check report a ${kind} that Wave holds back, until it is released`, async (t) => {
    const namespace = await testNamespace(t);
    await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
    await api.create(makers[kind]({ namespace, name: 'web', replicas: 1, ...held() }));

    const planned = outcomeOf(await runPass(namespace, { write: false }), 'web');
    assert.deepEqual([planned.reason, planned.written], ['SchedulingDisabled', true]);
    const first = outcomeOf(await runPass(namespace), 'web');
    assert.deepEqual([first.reason, first.written], ['SchedulingDisabled', true]);
    const second = outcomeOf(await runPass(namespace), 'web');
    assert.deepEqual([second.reason, second.written], ['SchedulingDisabled', false]);
    const command = commandIn(second.sentence);
    assert.match(command, new RegExp(`^kubectl -n ${namespace} patch ${kind.toLowerCase()} web `));
    for (const { sentence } of [planned, first]) assert.equal(commandIn(sentence), command);

    const events = await eventsAbout(namespace, 'web');
    assert.ok(events.some(({ type, reason }) => type === 'Normal' && reason === 'FirstSeen'));
    assert.ok(
      events.some(({ type, note }) => type === 'Warning' && note.includes(command)),
      JSON.stringify(events),
    );
    const asked = { workload: `${kind}/web`, namespace, flags: { ownership: 'off' } };
    const answer = JSON.parse((await runExplain(asked, 'json')).text);
    assert.equal(answer.nextPass.reason, 'SchedulingDisabled');
    assert.ok(answer.blockers.some((text: string) => text.includes(command)));
    const flags = { namespaces: namespace, ownership: 'off' };
    const { notes, problems } = await runCheck(cluster.kubeconfig, flags);
    assert.ok(
      notes.some((note) => note.startsWith(`${kind} ${namespace}/web: `) && note.includes(command)),
    );
    assert.deepEqual(
      problems.filter((problem) => problem.includes('Wave')),
      [],
    );

    if (hasKubectl()) {
      const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
      await promisify(exec)(command, { env });
      const { metadata, spec } = await api.get<Scheduled>(path(kind, namespace, 'web'));
      assert.equal(spec.template.spec.schedulerName, 'default-scheduler');
      assert.equal(metadata.annotations?.['wave.pusher.com/scheduling-disabled'], undefined);
      const rolled = await rollouts(kind, namespace, 'web');
      assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'UpToDate');
      assert.equal(await rollouts(kind, namespace, 'web'), rolled, 'it does not start twice');
    }
  });
}

test('if the source of a workload that is held back is still missing, both problems are reported', async (t) => {
  const namespace = await testNamespace(t);
  await api.create(deployment({ namespace, name: 'web', ...held('invalid', 'volcano') }));
  const { reason, sentence } = outcomeOf(await runPass(namespace), 'web');
  assert.equal(reason, 'MissingSource');
  assert.match(sentence, /^ConfigMap\/settings does not exist; its new Pods are not scheduled/);
  assert.match(commandIn(sentence), /"schedulerName":"volcano"/);
});

test('a command contains the value of the annotation only as the name of a scheduler', async (t) => {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const hostile = ["x'; touch /tmp/owned; '", '$(id)', '', 'wave.pusher.com/invalid', 'a\nb'];
  for (const [i, original] of hostile.entries()) {
    const scheduled = held('wave.pusher.com/invalid', original);
    await api.create(deployment({ namespace, name: `web-${i}`, ...scheduled }));
  }
  const report = await runPass(namespace);
  for (const i of hostile.keys()) {
    const { sentence } = outcomeOf(report, `web-${i}`);
    assert.match(commandIn(sentence), /"schedulerName":"default-scheduler"/);
    assert.doesNotMatch(sentence, /touch|\$\(/);
  }
});

test('neither another scheduler nor a leftover annotation counts as a hold', async (t) => {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const { annotations: _, ...other } = held('invalid');
  const workloads = { other: { ...other, annotations: optedIn }, free: held('default-scheduler') };
  for (const [name, workload] of Object.entries(workloads)) {
    await api.create(deployment({ namespace, name, ...workload }));
  }
  const report = await runPass(namespace);
  for (const name of Object.keys(workloads)) {
    assert.equal(outcomeOf(report, name).reason, 'FirstSeen');
  }
});
