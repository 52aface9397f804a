import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acquire } from '../../../lib/lease/acquire.ts';
import { FakeLease } from './fake-lease.ts';
import { durationSeconds, maxHonoredSeconds, onlySeed, seeds, World } from './world.ts';

test('even if processes are slow, stopped, cut off and killed, no two of them hold the lease at the same time', async () => {
  const told = new Map<string, number>();
  for (const seed of seeds(1, 150)) {
    const world = oneLease(seed, { faults: true, processes: 4 });
    await world.run(400_000);
    for (const [kind, count] of world.told) told.set(kind, (told.get(kind) ?? 0) + count);
  }
  if (onlySeed !== undefined) return;
  // The worlds only prove something if enough went wrong in them.
  for (const kind of ['acquired', 'tookOver', 'heldByOther', 'renewalFailed', 'lost', 'released']) {
    assert.ok((told.get(kind) ?? 0) > 100, `${kind}: only ${told.get(kind)} in all worlds`);
  }
});

test("two holders with different durations, each within half of the other's timeout, never hold the lease together either", async () => {
  const lengths = [15, 60, 150];
  for (const seed of seeds(1, 60)) {
    const options = { faults: true, processes: 4 };
    await oneLease(seed, options, (number) => lengths[number % 3] ?? durationSeconds).run(
      1_200_000,
    );
  }
});

test('a record that claims an hour and has no living holder keeps others out for at most half of a timeout', async () => {
  for (const seed of seeds(1, 20)) {
    const lease = new FakeLease();
    const time = '2026-01-01T00:00:00.000000Z';
    lease.put({
      ...{ holderIdentity: 'thief', leaseDurationSeconds: 3600, leaseTransitions: 1 },
      ...{ acquireTime: time, renewTime: time },
    });
    const world = oneLease(seed, { faults: false, processes: 3 }, undefined, lease);
    const began = world.time.now;
    while (world.holders().length === 0) {
      const took = world.time.now - began;
      assert.ok(took <= 1.05 * maxHonoredSeconds * 1000 + 60_000, `seed ${seed}: ${took} ms`);
      await world.run(1_000);
    }
  }
});

test('after a holder is killed, another process holds the lease within the duration plus 5 s', async () => {
  for (const seed of seeds(1, 60)) {
    const world = oneLease(seed, { faults: false, processes: 3 });
    await world.run(30_000);
    for (let kill = 0; kill < 5; kill += 1) {
      await world.runUntilHeld();
      await world.run(world.upTo(20_000));
      await world.runUntilHeld();
      world.killHolder();
      const killedAt = world.time.now;
      const took = (await world.runUntilHeld()) - killedAt;
      assert.ok(
        took <= durationSeconds * 1000 + 5_000,
        `seed ${seed}: ${took} ms without a holder`,
      );
    }
  }
});

/** A world of processes that compete for one lease. */
function oneLease(
  seed: number,
  options: { faults: boolean; processes: number },
  durationOf: (number: number) => number = () => durationSeconds,
  lease = new FakeLease(),
): World {
  return new World(seed, {
    ...options,
    mayHold: (holders) => holders.length <= 1,
    async attempt(world, process) {
      const acquired = await acquire({
        lock: lease.lock(world.networkOf(process)),
        name: { podName: process.name, podUid: undefined, hostName: 'host' },
        durationSeconds: durationOf(process.number),
        maxHonoredSeconds,
        clock: process.clock,
        random: world.random,
        on: world.tell,
      });
      if (acquired.kind === 'heldByOther') return;
      await world.work(process, acquired.handle);
      await acquired.handle.release();
      process.held = undefined;
    },
  });
}
