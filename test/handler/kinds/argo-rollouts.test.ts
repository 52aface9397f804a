/**
 * Tests of Rollouts with the real controller of Argo Rollouts: `npm run test:kinds`. `npm test` skips them,
 * because building the controller takes some minutes.
 */
import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import { type Fields, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { findBinaries } from '../../../tools/control-plane/binaries.ts';
import { deployment, using } from '../../../tools/control-plane/objects.ts';
import { type Programs, startPrograms } from '../../../tools/control-plane/programs.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { hashAnnotation, optedIn, outcomeOf, prefix, reasonsIn } from '../run-pass.ts';
import { defineAllKinds, rollout } from './definitions.ts';
import { type KindStage, kindStage } from './stage.ts';

const { api, cluster } = testCluster();
const skip =
  process.env['WAVE_CRON_CONTROLLERS'] === '1' ? false : 'the controller is built by test:kinds';
const web = `${rollout}/web`;

type ReplicaSet = KubernetesObject & {
  spec: { replicas: number; template: { metadata: { annotations?: Record<string, string> } } };
};

/** The ReplicaSets of the Rollout `web`, oldest first. */
async function replicaSets({ namespace }: KindStage): Promise<ReplicaSet[]> {
  const all = await api.list<ReplicaSet>(path('ReplicaSet', namespace));
  const number = ({ metadata }: ReplicaSet) =>
    Number(metadata.annotations?.['rollout.argoproj.io/revision']);
  const isIts = ({ metadata }: ReplicaSet) =>
    metadata.ownerReferences?.some(({ kind, name }) => kind === 'Rollout' && name === 'web');
  return all.filter(isIts).sort((a, b) => number(a) - number(b));
}

/** Makes each Pod available, as a kubelet does, until the Rollout has this phase. */
async function runUntil(stage: KindStage, phase: string, generation?: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { status, metadata } = await stage.get();
    const observed = Number(status?.['observedGeneration']);
    const isSeen = observed >= (generation ?? metadata.generation ?? 0);
    if (isSeen && status?.['phase'] === phase) return;
    assert.ok(performance.now() < deadline, `no phase ${phase}: ${JSON.stringify(status)}`);
    for (const pod of await api.list(path('Pod', stage.namespace))) {
      const isReady = pod.status?.['phase'] === 'Running';
      if (isReady || pod.metadata['deletionTimestamp'] !== undefined) continue;
      const own = path('Pod', stage.namespace, pod.metadata.name);
      const target = { apiVersion: 'v1', kind: 'Node', name: 'nowhere' };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name } };
      await api.post(`${own}/binding`, { ...binding, target }).catch(() => undefined);
      const ready = { type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() };
      const running = { status: { phase: 'Running', conditions: [ready] } };
      await api.patch(`${own}/status`, running, 'merge').catch(() => undefined);
    }
    await sleep(100);
  }
}

async function started(
  t: TestContext,
  strategy: Fields,
  settings: Partial<Settings> = {},
): Promise<KindStage> {
  const stage = await kindStage(t, rollout);
  await stage.create({ spec: { replicas: 2, strategy } });
  await runUntil(stage, 'Healthy');
  assert.deepEqual(reasonsIn(await stage.pass(settings)), { [web]: 'FirstSeen' });
  return stage;
}

suite('with the controller of Argo Rollouts', { skip, concurrency: 1 }, () => {
  let programs: Programs | undefined;

  before(
    async () => {
      await defineAllKinds();
      const { 'rollouts-controller': file } = await findBinaries(['rollouts-controller']);
      programs = await startPrograms();
      const ports = ['--metricsport', '38090', '--healthzPort', '38080'];
      const { kubeconfig } = cluster;
      await programs.start('rollouts', file, [
        ...['--kubeconfig', kubeconfig, '--leader-elect=false', ...ports],
      ]);
    },
    { timeout: 1_800_000 },
  );
  after(() => programs?.end());

  test('a changed key starts new Pods once, and another key starts none', async (t) => {
    const stage = await started(t, { canary: {} });
    await runUntil(stage, 'Healthy');
    const first = await stage.hash();
    assert.equal((await replicaSets(stage)).length, 2);
    await stage.change({ b: '2' });
    assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
    await stage.change({ a: '2' });
    assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'ConfigChanged' });
    await runUntil(stage, 'Healthy');
    const sets = await replicaSets(stage);
    assert.equal(sets.length, 3);
    const newest = sets.at(-1)?.spec.template.metadata.annotations?.[hashAnnotation];
    assert.equal(newest, await stage.hash());
    assert.notEqual(newest, first);
    const second = await stage.pass();
    assert.deepEqual(reasonsIn(second), { [web]: 'UpToDate' });
    assert.equal(outcomeOf(second, 'web').blockers, undefined);
  });

  test('a canary that waits has not failed and does not block others, and the pass says why it waits', async (t) => {
    const stage = await started(t, { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } });
    await runUntil(stage, 'Paused');
    const { namespace } = stage;
    const pod = using({ configMap: 'settings', key: 'a' });
    await api.create(
      deployment({ namespace, name: 'other', annotations: optedIn, pod, replicas: 1 }),
    );
    const rollouts = { ...defaultSettings.rollouts, maxConcurrentPerNamespace: 1 };
    const report = await stage.pass({ rollouts });
    assert.deepEqual(reasonsIn(report), { 'Deployment/other': 'FirstSeen', [web]: 'UpToDate' });
    assert.match(
      outcomeOf(report, 'web').blockers?.join() ?? '',
      /its rollout is paused \("?CanaryPauseStep"?\)/,
    );
    await stage.change({ a: '2' });
    const changed = outcomeOf(await stage.pass(), 'web');
    assert.match(changed.sentence, /in the middle of a rollout, whose steps start again/);
  });

  test('an aborted rollout is reported as one whose Pods have the earlier template', async (t) => {
    const stage = await started(t, { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } });
    await runUntil(stage, 'Paused');
    await api.patch(`${stage.path}/status`, { status: { abort: true } }, 'merge');
    await runUntil(stage, 'Degraded');
    const { blockers = [] } = outcomeOf(await stage.pass(), 'web');
    assert.match(
      blockers.join(),
      /its rollout was aborted, and its Pods have the earlier template/,
    );
  });

  test('with a workloadRef, the hash on the Deployment starts new Pods of the Rollout', async (t) => {
    const stage = await kindStage(t, rollout);
    const { namespace } = stage;
    const pod = using({ configMap: 'settings', key: 'a' });
    await api.create(deployment({ namespace, name: 'app', annotations: optedIn, pod }));
    await stage.create({
      annotations: {},
      spec: {
        ...{ template: undefined, selector: undefined, replicas: 1, strategy: { canary: {} } },
        workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
      },
    });
    await runUntil(stage, 'Healthy');
    assert.equal((await replicaSets(stage)).length, 1);
    assert.deepEqual(reasonsIn(await stage.pass()), { 'Deployment/app': 'FirstSeen' });
    const app = path('Deployment', namespace, 'app');
    const observed = async () => {
      const { metadata } = await api.get(app);
      await api.waitFor(
        stage.path,
        (it) => Number(it?.status?.['workloadObservedGeneration']) >= (metadata.generation ?? 0),
      );
    };
    await observed();
    await runUntil(stage, 'Healthy');
    const sets = await replicaSets(stage);
    assert.equal(sets.length, 2);
    assert.match(
      sets.at(-1)?.spec.template.metadata.annotations?.[hashAnnotation] ?? '',
      /^[0-9a-f]{64}$/,
    );
    assert.deepEqual(reasonsIn(await stage.pass()), { 'Deployment/app': 'UpToDate' });
    // The Pods of the Rollout are older than the change.
    await stage.change({ a: '2' });
    const report = await stage.pass({ restart: 'if-stale', clockTolerance: '0s' });
    assert.equal(
      outcomeOf(report, 'app').reason,
      'ConfigChanged',
      outcomeOf(report, 'app').sentence,
    );
    await observed();
    await runUntil(stage, 'Healthy');
    assert.equal((await replicaSets(stage)).length, 3);
  });

  test('Pods that are younger than the change are recognized by the ReplicaSets of the Rollout', async (t) => {
    const settings = { restart: 'if-stale', clockTolerance: '0s' } as const;
    const stage = await started(t, { canary: {} }, settings);
    await runUntil(stage, 'Healthy');
    const again = { metadata: { annotations: { restarted: 'by another tool' } } };
    await stage.change({ a: '2' });
    await sleep(1100);
    await api.patch(stage.path, { spec: { template: again } }, 'merge');
    await runUntil(stage, 'Healthy');
    const waits = async () =>
      (await replicaSets(stage)).slice(0, -1).every(({ spec }) => spec.replicas === 0);
    while (!(await waits())) await runUntil(stage, 'Healthy');
    const report = await stage.pass(settings);
    const { reason, sentence } = outcomeOf(report, 'web');
    assert.equal(reason, 'AlreadyCurrent', sentence);
  });

  test('with rollout-strategy: restart, all Pods are replaced without a new revision, even in a waiting canary', async (t) => {
    const annotations = { ...optedIn, [`${prefix}/rollout-strategy`]: 'restart' };
    const settings = { clockTolerance: '0s' } as const;
    const stage = await kindStage(t, rollout);
    const strategy = { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } };
    await stage.create({ spec: { replicas: 2, strategy }, annotations });
    await runUntil(stage, 'Healthy');
    const uids = async () =>
      (await api.list(path('Pod', stage.namespace))).map(({ metadata }) => metadata.uid);
    /** Waits until the controller has replaced all Pods that are older than `restartAt`. */
    const restarted = async (phase: string) => {
      for (;;) {
        await runUntil(stage, phase);
        const { spec, status } = await stage.get();
        if (spec?.['restartAt'] === status?.['restartedAt']) return;
        await sleep(100);
      }
    };
    await sleep(1100);
    const before = new Set(await uids());
    assert.deepEqual(reasonsIn(await stage.pass(settings)), { [web]: 'FirstSeen' });
    const during = outcomeOf(await stage.pass(settings), 'web');
    assert.equal(during.reason, 'UpToDate');
    await restarted('Healthy');
    const first = await uids();
    assert.deepEqual(
      first.filter((uid) => before.has(uid)),
      [],
    );
    assert.equal((await replicaSets(stage)).length, 1);
    assert.deepEqual(reasonsIn(await stage.pass(settings)), { [web]: 'UpToDate' });

    const again = { metadata: { annotations: { deployed: 'by its owner' } } };
    await api.patch(stage.path, { spec: { template: again } }, 'merge');
    await runUntil(stage, 'Paused');
    const { status } = await stage.get();
    await sleep(1100);
    await stage.change({ a: '2' });
    const older = new Set(await uids());
    assert.deepEqual(reasonsIn(await stage.pass(settings)), { [web]: 'ConfigChanged' });
    await restarted('Paused');
    const { status: after } = await stage.get();
    assert.equal(after?.['currentStepIndex'], status?.['currentStepIndex']);
    assert.deepEqual(
      (await uids()).filter((uid) => older.has(uid)),
      [],
    );
  });
});
