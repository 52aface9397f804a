/**
 * `schedule` with `restart: if-stale`, next to upgrades that are undone, or that are followed by a change that
 * no tool rolls out.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { type WorkloadKind, workloadKinds } from '../run-pass.ts';
import { type App, nextSecond, startApp } from './app.ts';
import { type Schedule, startSchedule } from './beside-schedule.ts';

const timeout = 180_000;

const file = ({ kind, namespace }: App) => path(kind, namespace, 'web');

/** An upgrade by another tool: it writes the configuration, and then the template. */
const upgrade = (app: App, schedule: Schedule, data: Record<string, string | null>) =>
  schedule.unseen(async () => {
    await app.change(data);
    await nextSecond();
    await app.roll(JSON.stringify(data));
  });

/** The status of a rollout that has replaced the first Pod, and waits a long time for this Pod to be ready. */
const midRollout: Readonly<Record<WorkloadKind, Readonly<Record<string, number>>>> = {
  Deployment: { updatedReplicas: 1, replicas: 3, readyReplicas: 3 },
  StatefulSet: { updatedReplicas: 1, replicas: 2, readyReplicas: 2 },
  DaemonSet: { updatedNumberScheduled: 1, currentNumberScheduled: 1, numberReady: 1 },
};

/** Begins an upgrade to B. Returns when it has replaced only the first Pod, and a pass has seen that. */
async function upgradeHalf(app: App, schedule: Schedule): Promise<void> {
  const strategy = { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
  const more = app.kind === 'Deployment' ? { strategy } : {};
  await app.api.patch(file(app), { spec: { minReadySeconds: 300, ...more } });
  await upgrade(app, schedule, { level: 'B' });
  const wanted = Object.entries(midRollout[app.kind]);
  await app.api.waitFor(file(app), (it) =>
    wanted.every(([field, count]) => it?.status?.[field] === count),
  );
  await schedule.reason(app.kind === 'DaemonSet' ? 'UpToDate' : 'Settling');
}

suite('next to schedule with restart: if-stale', {
  skip: skipWithoutNodeAgent(),
  concurrency: 3,
}, () => {
  for (const kind of workloadKinds) {
    test(`the undo of half a rollout leaves no Pod of a ${kind} with the old configuration`, {
      timeout,
    }, async (t) => {
      const app = await startApp(t, kind);
      const schedule = await startSchedule(t, app);
      const before = await app.rollouts();
      await upgradeHalf(app, schedule);
      // Restores the template before, as `kubectl rollout undo` does.
      const metadata = { annotations: { 'example.com/checksum': null } };
      await app.api.patch(file(app), { spec: { minReadySeconds: 0, template: { metadata } } });
      await schedule.settled();
      assert.deepEqual(new Set(await app.running()), new Set(['B']));
      // The undo itself replaces the only Pod of a DaemonSet.
      const byWaveCron = kind === 'DaemonSet' ? 0 : 1;
      assert.equal(await app.rollouts(), before + 2 + byWaveCron);
    });

    test(`a removed key disappears from the Pods of a ${kind} after one rollout`, {
      timeout,
    }, async (t) => {
      const app = await startApp(t, kind);
      const schedule = await startSchedule(t, app);
      const before = await app.rollouts();
      const read = async () =>
        new Set((await app.environments()).map(({ APP_more: more }) => more ?? 'none'));
      await upgrade(app, schedule, { more: '1' });
      await schedule.settled();
      assert.deepEqual(await read(), new Set(['1']));
      assert.equal(await app.rollouts(), before + 1);
      await nextSecond();
      await app.change({ more: null });
      await schedule.settled();
      assert.deepEqual(await read(), new Set(['none']));
      assert.equal(await app.rollouts(), before + 2);
    });

    test(`a value that changes to B by an upgrade, and back to A without one, costs a ${kind} one rollout each`, {
      timeout,
    }, async (t) => {
      const app = await startApp(t, kind);
      const schedule = await startSchedule(t, app);
      const before = await app.rollouts();
      await upgrade(app, schedule, { level: 'B' });
      await schedule.settled();
      assert.deepEqual(new Set(await app.running()), new Set(['B']));
      assert.equal(await app.rollouts(), before + 1);
      await nextSecond();
      await app.change({ level: 'A' });
      await schedule.settled();
      assert.deepEqual(new Set(await app.running()), new Set(['A']));
      assert.equal(await app.rollouts(), before + 2);
    });

    test(`a value that changes to B and back to A within half a rollout leaves no Pod of a ${kind} with B`, {
      timeout,
    }, async (t) => {
      const app = await startApp(t, kind);
      const schedule = await startSchedule(t, app);
      const before = await app.rollouts();
      await upgradeHalf(app, schedule);
      await nextSecond();
      const { metadata } = await app.api.get(file(app));
      await app.change({ level: 'A' });
      // The pass that rolls the workload may have begun before the change.
      await app.api.waitFor(
        file(app),
        (it) => it?.metadata['generation'] !== metadata['generation'],
      );
      await app.api.patch(file(app), { spec: { minReadySeconds: 0 } });
      await schedule.settled();
      assert.deepEqual(new Set(await app.running()), new Set(['A']));
      assert.equal(await app.rollouts(), before + 2);
    });
  }
});
