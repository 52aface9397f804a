/**
 * wave-cron never reports a restart that does not happen. These tests check the fields of each kind that decide
 * about it.
 */
import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import type { CustomKind } from '../../../lib/kubernetes/kinds.ts';
import { type Fields, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { deployment, using } from '../../../tools/control-plane/objects.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { hashAnnotation, optedIn, outcomeOf, reasonsIn, templateAnnotations } from '../run-pass.ts';
import {
  advancedStatefulSet,
  cloneSet,
  defineAllKinds,
  deploymentConfig,
  knativeService,
  rollout,
  unknown,
} from './definitions.ts';
import { kindStage } from './stage.ts';

const { api } = testCluster();

before(defineAllKinds);

const refused: readonly [CustomKind, string, Fields, RegExp][] = [
  [
    cloneSet,
    'updates in place',
    { updateStrategy: { type: 'InPlaceIfPossible' } },
    /updateStrategy\.type is InPlaceIfPossible, so OpenKruise changes an annotation of running Pods/,
  ],
  [
    cloneSet,
    'updates in place only',
    { updateStrategy: { type: 'InPlaceOnly' } },
    /restarts none: set it to ReCreate/,
  ],
  [
    advancedStatefulSet,
    'updates in place',
    { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible' } } },
    /podUpdatePolicy is InPlaceIfPossible/,
  ],
  [
    deploymentConfig,
    'has no trigger ConfigChange',
    { triggers: [{ type: 'ImageChange' }] },
    /no trigger ConfigChange, .*: oc -n .* set triggers dc\/web --from-config adds it/,
  ],
  [deploymentConfig, 'has no triggers', { triggers: [] }, /no trigger ConfigChange/],
  [
    rollout,
    'has its template in a Deployment',
    {
      template: undefined,
      selector: undefined,
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
    },
    /its pod template is that of Deployment "app", which its workloadRef names/,
  ],
];

for (const [kind, what, spec, why] of refused) {
  test(`${kind} that ${what}: it is reported, and no hash is written`, async (t) => {
    const stage = await kindStage(t, kind);
    await stage.create({ spec });
    const report = await stage.pass();
    assert.deepEqual(reasonsIn(report), { [`${kind}/web`]: 'CannotRestart' });
    assert.match(outcomeOf(report, 'web').sentence, why);
    assert.equal(await stage.hash(), undefined);
  });
}

test('a Knative Service whose template has a name is reported, and no hash is written', async (t) => {
  const stage = await kindStage(t, knativeService);
  await stage.create({ spec: { template: { metadata: { name: 'web-v1' }, spec: {} } } });
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { [`${knativeService}/web`]: 'CannotRestart' });
  assert.match(outcomeOf(report, 'web').sentence, /remove spec\.template\.metadata\.name/);
  assert.equal(await stage.hash(), undefined);
});

test('a StatefulSet and a CloneSet of OpenKruise get a hash if they recreate their Pods', async (t) => {
  const strategies: [CustomKind, Fields][] = [
    [cloneSet, { updateStrategy: { type: 'ReCreate' } }],
    [advancedStatefulSet, { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'ReCreate' } } }],
  ];
  for (const [kind, spec] of strategies) {
    const stage = await kindStage(t, kind);
    await stage.create({ spec });
    assert.deepEqual(reasonsIn(await stage.pass()), { [`${kind}/web`]: 'FirstSeen' });
  }
});

test('for an unknown kind, no restart is reported', async (t) => {
  const stage = await kindStage(t, unknown);
  await stage.create();
  const { sentence } = outcomeOf(await stage.pass(), 'web');
  assert.match(sentence, /: the hash is written; wave-cron does not know how the controller/);
  assert.doesNotMatch(sentence, /restarts it once/);
});

test('a Rollout that waits for a promotion, or is in the middle of its steps, says when the other Pods restart', async (t) => {
  const promoted = await kindStage(t, rollout);
  await promoted.create({ spec: { strategy: { canary: { steps: [{ pause: {} }] } } } });
  assert.match(
    outcomeOf(await promoted.pass(), 'web').sentence,
    /its strategy waits: the last Pods restart when somebody promotes it/,
  );
});

/** Deployment `app` has no Pods. Rollout `web` uses its template, and has this status, as if from its controller. */
async function shared(t: TestContext, status: Fields) {
  const stage = await kindStage(t, rollout);
  const { namespace } = stage;
  const pod = using({ configMap: 'settings', key: 'a' });
  const app = deployment({ namespace, name: 'app', annotations: optedIn, pod });
  const { metadata } = await api.create(app);
  await stage.create({
    annotations: {},
    spec: {
      ...{ template: undefined, selector: undefined, replicas: 2 },
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
    },
  });
  const observed = {
    observedGeneration: '1',
    workloadObservedGeneration: `${metadata.generation}`,
  };
  await api.patch(`${stage.path}/status`, { status: { ...observed, ...status } }, 'merge');
  return { ...stage, app: path('Deployment', namespace, 'app') };
}

const running = {
  ...{ phase: 'Healthy', replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 },
  ...{ stableRS: 'a', currentPodHash: 'a', currentStepIndex: 0 },
};

test('a Deployment whose template a Rollout uses gets the hash, and the state of its Pods comes from the Rollout', async (t) => {
  const stage = await shared(t, {
    ...running,
    updatedReplicas: 1,
    phase: 'Paused',
    pauseConditions: [{ reason: 'CanaryPauseStep', startTime: new Date().toISOString() }],
    currentPodHash: 'b',
    currentStepIndex: 1,
  });
  const first = await stage.pass();
  assert.deepEqual(reasonsIn(first), { 'Deployment/app': 'FirstSeen' });
  assert.match(
    outcomeOf(first, 'app').sentence,
    /in the middle of a rollout, whose steps start again/,
  );
  assert.match(
    (await templateAnnotations(stage.namespace, 'app'))[hashAnnotation] ?? '',
    /^[0-9a-f]{64}$/,
  );
  const { metadata } = await api.get(stage.app);
  const observed = { workloadObservedGeneration: `${metadata.generation}` };
  await api.patch(`${stage.path}/status`, { status: observed }, 'merge');
  const second = outcomeOf(await stage.pass(), 'app');
  assert.equal(second.reason, 'UpToDate');
  assert.match(second.blockers?.join() ?? '', /its rollout is paused \(.*CanaryPauseStep/);
});

test('a Deployment without Pods is not adopted if a Rollout runs Pods with its template', async (t) => {
  const stage = await shared(t, running);
  // The Rollout has a ReplicaSet with this template, and the Pod of the ReplicaSet is older than the source.
  const { metadata: web } = await stage.get();
  const { spec } = (await api.get(stage.app)) as unknown as { spec: { template: Fields } };
  const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid: web.uid };
  const labels = { app: 'app' };
  const set = await api.create({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...{
        namespace: stage.namespace,
        name: 'web-a',
        labels: { ...labels, 'rollouts-pod-template-hash': 'a' },
      },
      ownerReferences: [{ ...owner, uid: web.uid ?? '', controller: true }],
    },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: spec.template },
  });
  const pods = path('Pod', stage.namespace);
  const pod = await api.waitFor<{ items: KubernetesObject[] }>(
    pods,
    (it) => it?.items.length === 1,
  );
  const podName = pod?.items[0]?.metadata.name ?? '';
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: podName },
    target: { apiVersion: 'v1', kind: 'Node', name: 'nowhere' },
  };
  await api.post(`${pods}/${podName}/binding`, binding);
  await stage.change({ a: '2' });
  const report = await stage.pass({ adoption: 'if-changed', clockTolerance: '0s' });
  assert.equal(outcomeOf(report, 'app').reason, 'FirstSeen');
  assert.match(outcomeOf(report, 'app').sentence, new RegExp(`Pod ${podName} was created at`));
  await api.delete(path('ReplicaSet', stage.namespace, set.metadata.name));
});

test('a Deployment without Pods is not adopted while it is unknown which Rollouts use its template', async (t) => {
  const stage = await shared(t, running);
  await api.patch(stage.app, { metadata: { labels: { team: 'a' } } });
  const adoption = 'if-changed' as const;
  const report = await stage.pass({ adoption, workloadSelector: 'team=a' });
  assert.equal(outcomeOf(report, 'app').reason, 'FirstSeen');
  assert.match(
    outcomeOf(report, 'app').sentence,
    /a workload that could not be read may use its pod template/,
  );
});
