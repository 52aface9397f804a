/**
 * Upgrades of applications next to `schedule` with `restart: if-stale`. This test does two upgrades, and `npm
 * run test:upgrades` does WAVE_CRON_UPGRADES upgrades.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { hasKubectl, testCluster } from '../../../tools/control-plane/testing.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { workloadKinds } from '../run-pass.ts';
import { emptyApp, nextSecond } from './app.ts';
import { startSchedule } from './beside-schedule.ts';
import { helmChart, slowKubeconfig, tools } from './upgrade-tools.ts';

const upgrades = Number(process.env['WAVE_CRON_UPGRADES'] ?? '2');

/** The values appear, disappear and come back. */
const levels = ['A', 'B', 'C', 'B', 'A', 'B', 'A', 'D', 'C', 'A', 'E'];
const levelOf = (upgrade: number) => levels[upgrade % levels.length] ?? 'A';

const bounded = { timeout: 120_000 + 30_000 * upgrades };
const skip = skipWithoutNodeAgent() || (hasKubectl() ? false : 'there is no kubectl');

suite(`next to schedule with restart: if-stale, after each of ${upgrades} upgrades`, {
  skip,
  concurrency: 3,
}, () => {
  for (const kind of workloadKinds) {
    for (const [tool, upgrade] of Object.entries(tools)) {
      test(
        `a ${kind} of ${tool} was rolled once, and no Pod has an old configuration`,
        bounded,
        async (t) => {
          const app = await emptyApp(t, kind);
          const kubeconfig = await slowKubeconfig(t);
          await upgrade(app, levelOf(0), kubeconfig);
          await app.done();
          const schedule = await startSchedule(t, app);
          await schedule.settled();
          const before = await app.rollouts();
          for (let done = 1; done <= upgrades; done += 1) {
            await nextSecond();
            const level = levelOf(done);
            await schedule.unseen(() => upgrade(app, level, kubeconfig));
            await schedule.settled();
            assert.deepEqual(new Set(await app.running()), new Set([level]));
            assert.equal(await app.rollouts(), before + done);
          }
        },
      );
    }
  }

  test(
    'a Deployment of a Helm chart rolls at most twice, if passes and the clock tolerance fall between its writes',
    bounded,
    async (t) => {
      const app = await emptyApp(t);
      const { kubeconfig } = testCluster().cluster;
      await helmChart(app, levelOf(0), kubeconfig);
      await app.done();
      const schedule = await startSchedule(t, app, { clockTolerance: '10s' });
      await schedule.settled();
      for (let done = 1; done <= upgrades; done += 1) {
        const before = await app.rollouts();
        await helmChart(app, levelOf(done), kubeconfig);
        await schedule.settled();
        assert.deepEqual(await app.running(), [levelOf(done), levelOf(done)]);
        assert.ok((await app.rollouts()) <= before + 2);
      }
    },
  );
});
