/** Rollouts of Argo Rollouts that restart without a new revision. argo-rollouts.test.ts runs their real controller. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Settings } from '../../../lib/settings/schema.ts';
import type { Fields } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { runExplain } from '../../jobs/run-explain.ts';
import { optedIn, outcomeOf, prefix, reasonsIn } from '../run-pass.ts';
import { defineAllKinds, deploymentConfig, rollout } from './definitions.ts';
import { kindStage } from './stage.ts';

const { api } = testCluster();
const web = `${rollout}/web`;
const adopted = `${prefix}/adopted`;
const restarting = { ...optedIn, [`${prefix}/rollout-strategy`]: 'restart' };
const settings: Partial<Settings> = { clockTolerance: '0s' };

before(defineAllKinds);

async function stageOf(
  t: Parameters<typeof kindStage>[0],
  annotations: Record<string, string> = restarting,
  more: Partial<Settings> = {},
) {
  const stage = await kindStage(t, rollout);
  await stage.create({ annotations });
  const state = async () => {
    const { spec, metadata } = (await stage.get()) as unknown as Rollout;
    const record = metadata.annotations?.[adopted];
    return { restartAt: spec.restartAt, record: record && JSON.parse(record), metadata };
  };
  const pass: typeof stage.pass = (extra = {}, options = {}) =>
    stage.pass({ ...settings, ...more, ...extra }, options);
  return { ...stage, pass, state };
}
type Rollout = {
  spec: Fields & { restartAt?: string };
  metadata: { annotations?: Record<string, string>; resourceVersion: string };
};

test('a changed key sets restartAt and records the hash in the same patch, and the template stays', async (t) => {
  const stage = await stageOf(t);
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'FirstSeen' });
  const first = await stage.state();
  assert.equal(await stage.hash(), undefined);
  assert.match(first.restartAt ?? '', /^\d{4}-.*Z$/);
  assert.equal(first.record.restartAt, first.restartAt);
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  assert.equal((await stage.state()).metadata.resourceVersion, first.metadata.resourceVersion);
  await stage.change({ b: '2' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  await stage.change({ a: '2' });
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { [web]: 'ConfigChanged' });
  assert.match(outcomeOf(report, 'web').sentence, /^ConfigMap\/settings changed/);
  const second = await stage.state();
  assert.notEqual(second.record.config, first.record.config);
  assert.equal(second.record.restartAt, second.restartAt);
  assert.equal(second.metadata.annotations?.[`${prefix}/written-hash`], undefined);
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
});

test('a configuration that changes back and forth restarts the Pods each time, and does not count as a removed hash', async (t) => {
  const stage = await stageOf(t);
  await stage.pass();
  for (const a of ['2', '1', '2', '1', '2']) {
    await stage.change({ a });
    assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'ConfigChanged' });
    assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  }
});

test('the annotation of Reloader has the same effect with compatibility: [reloader], and no effect without it', async (t) => {
  const annotations = {
    'reloader.stakater.com/auto': 'true',
    'reloader.stakater.com/rollout-strategy': 'restart',
  };
  const stage = await stageOf(t, annotations, { compatibility: ['reloader'] });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'FirstSeen' });
  assert.equal(await stage.hash(), undefined);
  assert.ok((await stage.state()).restartAt);
  const own = await stageOf(t, { ...annotations, ...optedIn });
  await own.pass();
  assert.ok(await own.hash());
  assert.equal((await own.state()).restartAt, undefined);
});

test('a new strategy takes effect at the next change, in both directions', async (t) => {
  const stage = await stageOf(t, optedIn);
  await stage.pass();
  const hash = await stage.hash();
  const strategy = (value: string | null) =>
    api.patch(
      stage.path,
      { metadata: { annotations: { [`${prefix}/rollout-strategy`]: value } } },
      'merge',
    );
  await strategy('restart');
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  await stage.change({ a: '2' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'ConfigChanged' });
  assert.equal(await stage.hash(), hash);
  // The template still has the hash of this configuration, but the Pods run with another one.
  await stage.change({ a: '1' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'ConfigChanged' });
  await strategy(null);
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  await stage.change({ a: '3' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'ConfigChanged' });
  assert.notEqual(await stage.hash(), hash);
  assert.equal((await stage.state()).record, undefined);
});

test('if a tool sets restartAt back before the Pods restarted, they restart once more, and then the pass reports Reverted', async (t) => {
  const stage = await stageOf(t);
  await stage.pass();
  await api.patch(stage.path, { spec: { restartAt: '2020-01-01T00:00:00Z' } }, 'merge');
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'FirstSeen' });
  await api.patch(stage.path, { spec: { restartAt: null } }, 'merge');
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'Reverted' });
});

test('after a lost response to the patch, the Rollout does not restart twice', async (t) => {
  const stage = await stageOf(t);
  const proxy = await faultProxy(t);
  proxy.on(
    'PATCH',
    /\/web\?/,
    async ({ url, forward, reset }) => {
      await forward(url);
      reset();
    },
    { times: 1 },
  );
  const report = await stage.pass({}, { kubeconfig: proxy.kubeconfig() });
  assert.deepEqual(reasonsIn(report), { [web]: 'FirstSeen' });
  const { restartAt } = await stage.state();
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'UpToDate' });
  assert.equal((await stage.state()).restartAt, restartAt);
});

test('opting out removes the records, and restarts nothing', async (t) => {
  const stage = await stageOf(t);
  await stage.pass();
  const { restartAt } = await stage.state();
  const off = { [`${prefix}/update-on-config-change`]: 'false' };
  await api.patch(stage.path, { metadata: { annotations: off } }, 'merge');
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'OptedOut' });
  const after = await stage.state();
  assert.equal(after.record, undefined);
  assert.equal(after.restartAt, restartAt);
});

test('a pause holds the restart, and a plan writes nothing', async (t) => {
  const stage = await stageOf(t, { ...restarting, [`${prefix}/rollout-pause`]: 'true' });
  assert.deepEqual(reasonsIn(await stage.pass()), { [web]: 'Paused' });
  assert.equal((await stage.state()).restartAt, undefined);
  await api.patch(
    stage.path,
    { metadata: { annotations: { [`${prefix}/rollout-pause`]: null } } },
    'merge',
  );
  assert.deepEqual(reasonsIn(await stage.pass({}, { write: false })), { [web]: 'FirstSeen' });
  assert.equal((await stage.state()).restartAt, undefined);
  await stage.pass();
  const { metadata } = await stage.state();
  assert.ok(metadata.annotations?.[`${prefix}/rollout-history`]);
  assert.equal(metadata.annotations?.[`${prefix}/pending-config`], undefined);
});

test('explain names the annotation with the hash', async (t) => {
  const stage = await stageOf(t);
  await stage.pass();
  const flags = { kinds: `Deployment,${rollout}` };
  const asked = { workload: 'rollout.argoproj.io/web', namespace: stage.namespace, flags };
  const { text } = await runExplain(asked, 'json');
  const { hash, nextPass } = JSON.parse(text);
  assert.deepEqual([hash.recordedOn, nextPass.reason], ['adopted', 'UpToDate']);
});

test('the annotation on another kind or with another value is invalid', async (t) => {
  const stage = await stageOf(t, { ...optedIn, [`${prefix}/rollout-strategy`]: 'recreate' });
  const report = await stage.pass();
  assert.deepEqual(reasonsIn(report), { [web]: 'InvalidAnnotation' });
  const other = await kindStage(t, deploymentConfig);
  await other.create({ annotations: restarting });
  assert.match(
    outcomeOf(await other.pass(), 'web').sentence,
    /restart only with a changed pod template/,
  );
});
