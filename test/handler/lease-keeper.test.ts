import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeldLease } from '../../handler/held-lease.ts';
import { LeaseKeeper } from '../../handler/lease-keeper.ts';
import { type AcquireOptions, acquire } from '../../lib/lease/acquire.ts';
import { FakeLease } from '../lib/lease/fake-lease.ts';
import { FakeTime } from '../lib/schedule/fake-clock.ts';

function stage() {
  const time = new FakeTime();
  const lease = new FakeLease();
  const clock = time.clock();
  const keeper = new LeaseKeeper(clock);
  const options: AcquireOptions = {
    ...{ lock: lease.lock(), clock, random: () => 0.5, on: () => undefined },
    name: { podName: 'keeper', podUid: undefined, hostName: 'host' },
    ...{ durationSeconds: 15, maxHonoredSeconds: 150 },
  };
  const run = <T>(work: (held: HeldLease) => Promise<T>) =>
    keeper.run(options, work, () => undefined);
  const others = { ...options, name: { ...options.name, podName: 'other' }, requestsYield: true };
  return { time, lease, keeper, run, others };
}

test('the lease stays held between two runs, and is written once', async () => {
  const { time, lease, keeper, run } = stage();
  await run(async (held) => assert.ok(held.isHeld()));
  const { holder } = lease;
  assert.match(holder ?? '', /^keeper/);
  assert.equal(lease.yield, 'on-request');
  await time.advance(1000);
  const writes = lease.writes.length;
  assert.deepEqual(await run(async (held) => held.isHeld()), { kind: 'done', value: true });
  assert.equal(lease.writes.length, writes);
  await keeper.release();
  assert.deepEqual([lease.holder, lease.yield], ['', undefined]);
});

test('another process gets the lease on request, at the latest with the next renewal', async () => {
  const { time, lease, run, others } = stage();
  await run(async () => undefined);
  const acquired = acquire(others);
  await time.advance(6000);
  assert.equal((await acquired).kind, 'held');
  assert.match(lease.holder ?? '', /^other/);
});

test('another process has the lease within half a second after the keeper sees its request', async () => {
  const { time, lease, keeper, run, others } = stage();
  await run(async () => undefined);
  const acquired = acquire(others);
  await time.advance(0);
  assert.notEqual(lease.yield, 'on-request');
  // The watch of the Lease would make this call.
  keeper.request();
  await time.advance(500);
  assert.match(lease.holder ?? '', /^other/);
  assert.equal((await acquired).kind, 'held');
});

test('a request during a run is fulfilled after the run', async () => {
  const { time, lease, keeper, run } = stage();
  const end = Promise.withResolvers<void>();
  const done = run(() => end.promise);
  await time.advance(100);
  keeper.request();
  await time.advance(100);
  assert.match(lease.holder ?? '', /^keeper/);
  end.resolve();
  await done;
  assert.equal(lease.holder, '');
});

test('after a request, the keeper gives the other process time to take the Lease', async () => {
  const { time, lease, keeper, run } = stage();
  await run(async () => undefined);
  keeper.request();
  await time.advance(0);
  assert.equal(lease.holder, '');
  const again = run(async () => undefined);
  await time.advance(1000);
  assert.equal(lease.holder, '');
  await time.advance(1000);
  await again;
  assert.match(lease.holder ?? '', /^keeper/);
});

test('a lost lease is acquired again', async () => {
  const { time, lease, run } = stage();
  await run(async () => undefined);
  lease.delete();
  await time.advance(6000);
  const value = await run(async (held) => held.isHeld());
  assert.deepEqual(value, { kind: 'done', value: true });
});
