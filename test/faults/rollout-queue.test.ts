/**
 * `rollouts.maxConcurrent` limits rollouts even if processes are killed, and across replicas
 * (docs/rollouts.md).
 */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { skipWithoutNodeAgent } from '../../tools/node-agent/support.ts';
import { type Fleet, startFleet } from '../handler/pass/fleet.ts';
import { oneFileAtATime, startOnce } from './program.ts';

oneFileAtATime();

const workloads = 60;
const most = 5;
const flags = [`--rollouts-max-concurrent=${most}`];
const members = Array.from({ length: workloads }, (_, i) => ({ name: `w${i}` }));

/**
 * Runs one process after the other until all workloads are rolled. The first `kills` processes are
 * killed at random moments.
 */
async function replica(
  t: TestContext,
  { namespace }: Fleet,
  { name, command, kills }: { name: string; command: 'once' | 'schedule'; kills: number },
  isDone: () => boolean,
): Promise<void> {
  const { kubeconfig } = testCluster().cluster;
  const every = command === 'schedule' ? ['--resync-interval=1s', '--listen=127.0.0.1:0'] : [];
  for (let left = kills; !isDone(); left -= 1) {
    const options = { namespace, kubeconfig, leaseSeconds: 5, flags: [...flags, ...every] };
    const process = await startOnce(t, `${name}-${kills - left}`, { ...options, command });
    const end = Date.now() + 500 + Math.random() * 2_500;
    while (!isDone() && (left <= 0 || Date.now() < end)) {
      if (await Promise.race([process.ended.then(() => true), sleep(50, false)])) break;
    }
    await process.kill();
  }
}

async function rolledOnceEach(
  t: TestContext,
  run: (fleet: Fleet, isDone: () => boolean) => Promise<void>,
) {
  const fleet = await startFleet(t, members);
  const isDone = () => Object.values(fleet.rollouts.counts()).every((count) => count > 0);
  await fleet.change('better');
  await run(fleet, isDone);
  await fleet.healthy();
  await fleet.rollouts.settled();
  assert.deepEqual(new Set(Object.values(fleet.rollouts.counts())), new Set([1]));
  assert.equal(fleet.rollouts.most, most);
}

suite('sixty workloads with one ConfigMap, of which at most five roll at once,', {
  skip: skipWithoutNodeAgent(),
}, () => {
  test('are all rolled once by passes of a CronJob, of which some are killed', (t) =>
    rolledOnceEach(t, (fleet, isDone) =>
      replica(t, fleet, { name: 'job', command: 'once', kills: 4 }, isDone),
    ));

  test('are all rolled once by two replicas that are killed again and again', (t) =>
    rolledOnceEach(t, async (fleet, isDone) => {
      await Promise.all(
        ['one', 'two'].map((name) =>
          replica(t, fleet, { name, command: 'schedule', kills: 3 }, isDone),
        ),
      );
    }));
});
