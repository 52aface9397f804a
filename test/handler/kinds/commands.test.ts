/** The commands for one workload, applied to workloads of other APIs. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { deployment, using } from '../../../tools/control-plane/objects.ts';
import { serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import { runCheck } from '../../jobs/run-check.ts';
import { runExplain, runHistory } from '../../jobs/run-explain.ts';
import { runProgram } from '../../jobs/run-program.ts';
import { hashAnnotation, optedIn, reasonsIn, sourcesAnnotation } from '../run-pass.ts';
import {
  allKinds,
  cloneSet,
  defineAllKinds,
  definition,
  ownKind,
  rollout,
  unknown,
} from './definitions.ts';
import { kindStage } from './stage.ts';

const { api, cluster } = testCluster();

before(defineAllKinds);

const run = (...args: string[]) => runProgram(args, { KUBECONFIG: cluster.kubeconfig });

for (const kind of allKinds) {
  const [bare = '', , ...group] = kind.split('.');
  const argument = `${bare.toLowerCase()}.${group.join('.')}/web`;

  test(`explain ${argument} says what the next pass does`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create();
    const asked = {
      ...{ workload: argument, namespace: stage.namespace },
      flags: { kinds: `Deployment,${kind}` },
    };
    const { status, text } = await runExplain(asked, 'json');
    assert.equal(status, 0, text);
    const explained = JSON.parse(text);
    assert.equal(explained.workload.kind, kind);
    assert.equal(explained.nextPass.reason, 'FirstSeen');
    assert.equal(explained.optedIn.yes, true);
    assert.deepEqual(explained.notRead, []);
    await stage.pass();
    const after = await runExplain(asked);
    assert.equal(after.status, 0, after.text);
    assert.match(after.text, /the template carries the hash of the current configuration/);
  });

  test(`release ${argument} removes what wave-cron wrote, and nothing else`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create();
    await api.patch(stage.path, { metadata: { finalizers: ['example.com/keep'] } }, 'merge');
    await stage.pass({ ownership: 'finalizer' });
    assert.equal((await stage.get()).metadata.finalizers?.length, 2);
    const args = ['-n', stage.namespace, '--kinds', kind, '--lease-namespace', stage.namespace];
    const { status, stderr } = await run('release', argument, ...args, '--annotations', '--yes');
    assert.equal(status, 0, stderr);
    const { metadata, spec } = await stage.get();
    assert.deepEqual(metadata.finalizers, ['example.com/keep']);
    assert.doesNotMatch(JSON.stringify(spec), new RegExp(`${hashAnnotation}|${sourcesAnnotation}`));
    assert.equal((await api.get(stage.settings)).metadata.ownerReferences, undefined);
    await api.patch(stage.path, { metadata: { finalizers: [] } }, 'merge');
  });
}

test('release of all workloads finds those of the kinds in the settings, and reports kinds that the cluster does not have', async (t) => {
  const stage = await kindStage(t, unknown);
  await stage.create();
  await stage.pass({ ownership: 'references' });
  const kinds = `${unknown},Widget.v1.absent.wave-cron.test`;
  const where = ['-n', stage.namespace, '--kinds', kinds, '--lease-namespace', stage.namespace];
  const { status, stdout, stderr } = await run('release', ...where, '--yes', '-o', 'json');
  assert.equal(status, 0, stderr);
  const { workloads, kindsNotServed } = JSON.parse(stdout);
  assert.deepEqual(
    workloads.map((each: { kind: string }) => each.kind),
    [unknown],
  );
  assert.equal(kindsNotServed.length, 1);
  assert.equal((await api.get(stage.settings)).metadata.ownerReferences, undefined);
});

test('history lists the ReplicaSets of a Rollout and the ControllerRevisions of a CloneSet, and says which kinds have none', async (t) => {
  const labels = { app: 'web' };
  const owner = (stage: { get: Awaited<ReturnType<typeof kindStage>>['get'] }) =>
    stage.get().then(({ apiVersion, kind, metadata }) => ({
      metadata: {
        ownerReferences: [
          { apiVersion, kind, name: 'web', uid: metadata.uid ?? '', controller: true },
        ],
      },
    }));
  const template = (hash: string) => ({
    metadata: { labels, annotations: { [hashAnnotation]: hash.repeat(64) } },
    spec: { containers: [{ name: 'main', image: 'x' }] },
  });
  const ofRollout = await kindStage(t, rollout);
  await ofRollout.create();
  const { metadata } = await owner(ofRollout);
  for (const [number, hash] of [
    [1, 'a'],
    [2, 'b'],
  ] as const) {
    await api.create({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        ...{ ...metadata, namespace: ofRollout.namespace, name: `web-${hash}`, labels },
        annotations: { 'rollout.argoproj.io/revision': `${number}` },
      },
      spec: { replicas: 0, selector: { matchLabels: labels }, template: template(hash) },
    });
  }
  const history = async (kind: string, namespace: string) => {
    const workload = `${kind}/web`;
    const { status, text } = await runHistory({ workload, namespace, flags: { kinds: kind } });
    assert.equal(status, 0, text);
    return text;
  };
  assert.match(await history(rollout, ofRollout.namespace), /\n2 .*\n1 /);
  const ofCloneSet = await kindStage(t, cloneSet);
  await ofCloneSet.create();
  await api.post(path('ControllerRevision', ofCloneSet.namespace), {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      ...(await owner(ofCloneSet)).metadata,
      ...{ namespace: ofCloneSet.namespace, name: 'web-c', labels },
    },
    revision: 7,
    data: { spec: { template: template('c') } },
  });
  assert.match(await history(cloneSet, ofCloneSet.namespace), /\n7 /);
  const ofUnknown = await kindStage(t, unknown);
  await ofUnknown.create();
  assert.match(
    await history(unknown, ofUnknown.namespace),
    /knows no objects that keep the earlier pod templates of a Widget/,
  );
});

test('check names the permission with the plural that the cluster uses, and notes a kind that the cluster does not have', async (t) => {
  const { kind } = await ownKind(t, { plural: 'widgetry' });
  const { spec } = definition(kind);
  const stage = await kindStage(t, kind, 'widgetry');
  const { kubeconfig } = await serviceAccount(t, { namespace: stage.namespace });
  const { problems, notes } = await runCheck(kubeconfig, {
    namespaces: stage.namespace,
    kinds: `Deployment,${kind},Gadget.v1.${spec.group}`,
    'lease.namespace': stage.namespace,
  });
  const missing = problems.filter((each) => each.includes(spec.group));
  assert.equal(missing.length, 3);
  for (const each of missing) assert.match(each, /missing permission: \w+ widgetry\./);
  const note = `the API ${spec.group}/v1 of the cluster has no kind Gadget`;
  assert.equal(notes.filter((each) => each.includes(note)).length, 1);
});

test('a Deployment whose template a Rollout uses is explained with the Pods of the Rollout', async (t) => {
  const stage = await kindStage(t, rollout);
  const { namespace } = stage;
  const pod = using({ configMap: 'settings', key: 'a' });
  await api.create(deployment({ namespace, name: 'app', annotations: optedIn, pod }));
  await stage.create({
    annotations: {},
    spec: {
      ...{ template: undefined, selector: undefined, replicas: 2 },
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
    },
  });
  assert.deepEqual(reasonsIn(await stage.pass()), { 'Deployment/app': 'FirstSeen' });
  const { metadata } = await api.get(path('Deployment', namespace, 'app'));
  const status = {
    ...{ observedGeneration: '1', workloadObservedGeneration: `${metadata.generation}` },
    ...{ replicas: 2, updatedReplicas: 1, availableReplicas: 2, phase: 'Progressing' },
  };
  await api.patch(`${stage.path}/status`, { status }, 'merge');
  const flags = { kinds: `Deployment,${rollout}` };
  const { status: exit, text } = await runExplain(
    { workload: 'deploy/app', namespace, flags },
    'json',
  );
  assert.equal(exit, 0, text);
  assert.match(JSON.parse(text).pods.sentence, /1 of 2 have the current template/);
});
