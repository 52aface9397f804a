import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LeaseDeps, withLease } from '../../handler/with-lease.ts';
import { type Shard, sharedIdentity } from '../../lib/rules/shards.ts';
import { FakeLease } from '../lib/lease/fake-lease.ts';
import {
  durationSeconds,
  maxHonoredSeconds,
  onlySeed,
  type Process,
  seeds,
  World,
} from '../lib/lease/world.ts';

/** The role of a process in an attempt: a shard, or a process without shards, such as `release`. */
type Role = Shard | 'alone';

const shardsOf = (count: number): Shard[] =>
  Array.from({ length: count }, (_, index) => ({ index, count }));
const allRoles: readonly Role[] = [...shardsOf(3), ...shardsOf(4), 'alone'];

test('even if processes are slow, stopped, cut off and killed, no two groups of shards hold the Lease at the same time, and no two processes of one shard', async () => {
  const told = new Map<string, number>();
  const seen = new Map<string, number>();
  for (const seed of seeds(1, 100)) {
    const { world, holding } = shards(seed, { faults: true, processes: 12 }, (random) => {
      return allRoles[Math.floor(random() * allRoles.length)] ?? 'alone';
    });
    for (let step = 0; step < 80; step += 1) {
      await world.run(5_000);
      const [first, ...others] = holding();
      if (first === undefined) continue;
      const what = first === 'alone' ? 'alone' : `${1 + others.length} of ${first.count}`;
      seen.set(what, (seen.get(what) ?? 0) + 1);
    }
    for (const [kind, count] of world.told) told.set(kind, (told.get(kind) ?? 0) + count);
  }
  if (onlySeed !== undefined) return;
  // The worlds only prove something if enough went wrong in them, and if shards shared the lease.
  for (const kind of ['acquired', 'tookOver', 'heldByOther', 'lost', 'released', 'leftToGroup']) {
    assert.ok((told.get(kind) ?? 0) > 100, `${kind}: only ${told.get(kind)} in all worlds`);
  }
  for (const what of ['alone', '1 of 3', '2 of 3', '1 of 4', '2 of 4', '3 of 4']) {
    assert.ok((seen.get(what) ?? 0) > 10, `${what}: ${JSON.stringify([...seen])}`);
  }
});

test('all shards of a count hold at the same time', async () => {
  for (const seed of seeds(1, 20)) {
    const { world, holding } = shards(seed, { faults: false, processes: 4 }, (_, number) => ({
      index: number - 1,
      count: 4,
    }));
    const limit = world.time.now + 300_000;
    while (holding().length < 4) {
      assert.ok(world.time.now < limit, `seed ${seed}: never all four`);
      await world.run(100);
    }
  }
});

test('when the number of shards changes, a new shard holds the Lease within the duration plus 5 s after the last old one', async () => {
  for (const seed of seeds(1, 40)) {
    let count = 3;
    const { world, holding } = shards(seed, { faults: false, processes: 4 }, (_, number) => {
      return number <= count ? { index: number - 1, count } : undefined;
    });
    const isOf = (shards: number) =>
      holding().some((role) => role !== 'alone' && role.count === shards);
    while (!isOf(3)) await world.run(50);
    await world.run(world.upTo(20_000));
    count = 4;
    while (isOf(3)) await world.run(50);
    const endedAt = world.time.now;
    while (!isOf(4)) {
      const took = world.time.now - endedAt;
      assert.ok(
        took <= durationSeconds * 1000 + 5_000,
        `seed ${seed}: ${took} ms without a holder`,
      );
      await world.run(50);
    }
  }
});

/**
 * Creates a world of processes. Each attempt of a process has a role.
 *
 * @param roleOf returns the role of the next attempt of a process; undefined: the process makes no attempt
 */
function shards(
  seed: number,
  options: { faults: boolean; processes: number },
  roleOf: (random: () => number, number: number) => Role | undefined,
): { world: World; holding: () => Role[] } {
  const leases = new Map<string, FakeLease>();
  const leaseOf = (name: string): FakeLease => {
    const lease = leases.get(name) ?? new FakeLease();
    leases.set(name, lease);
    return lease;
  };
  const roles = new Map<Process, Role>();
  const rolesOf = (holders: readonly Process[]): Role[] =>
    holders.flatMap((holder) => roles.get(holder) ?? []);

  const meansOf = (role: Role, process: Process, world: World): LeaseDeps => {
    const network = world.networkOf(process);
    const name = { podName: process.name, podUid: undefined, hostName: 'host' };
    const common = { name, random: world.random };
    if (role === 'alone') return { ...common, lock: leaseOf('wave-cron').lock(network) };
    const identity = sharedIdentity(role, durationSeconds);
    return {
      ...common,
      lock: leaseOf(`wave-cron-${role.index}`).lock(network),
      shared: { identity, lock: leaseOf('wave-cron').lock(network, identity) },
    };
  };

  const world = new World(seed, {
    ...options,
    mayHold: (holders) => mayHold(rolesOf(holders)),
    async attempt(within, process) {
      const role = roleOf(within.random, process.number);
      if (role === undefined) return;
      roles.set(process, role);
      await withLease(
        meansOf(role, process, within),
        {
          durationSeconds,
          maxHonoredSeconds,
          clock: process.clock,
          signal: new AbortController().signal,
          ifReleased: 'take',
          on: within.tell,
        },
        async (held) => {
          await within.work(process, held);
          process.held = undefined;
        },
      );
    },
  });
  return { world, holding: () => rolesOf(world.holders()) };
}

function mayHold(roles: readonly Role[]): boolean {
  if (roles.length <= 1) return true;
  const of = roles.map((role) => (role === 'alone' ? undefined : role));
  const indices = new Set(of.map((role) => role?.index));
  const counts = new Set(of.map((role) => role?.count));
  return !roles.includes('alone') && counts.size === 1 && indices.size === roles.length;
}
