/** Shards run as separate processes and divide namespaces among themselves. */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { shardOf } from '../../lib/rules/shards.ts';
import { path } from '../../tools/control-plane/api.ts';
import { type AuditEntry, auditFromHere } from '../../tools/control-plane/audit.ts';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { writeVerbs } from '../handler/run-pass.ts';
import type { Run } from '../jobs/run-program.ts';
import type { Exchange } from './fault-proxy.ts';
import { type Lane, lane } from './lane.ts';
import { passGate } from './pass-gate.ts';
import {
  fastEnough,
  leaseEventsOf,
  type Once,
  oneFileAtATime,
  startOnce,
  starts,
  summaryOf,
  untilFastEnough,
} from './program.ts';

oneFileAtATime();

const size = 10;

type District = {
  namespaces: readonly string[];
  /** The user name of shard `index` of `count` in the audit log. */
  userOf(index: number, count: number): string;
  start(index: number, count: number, kubeconfig?: string): Promise<Once>;
  startAll(count: number): Promise<Run[]>;
  change(): Promise<void>;
  assertRolledOnceEach(why: string): Promise<void>;
  /** All patches of workloads so far, as `user namespace`, sorted. */
  patches(): Promise<string[]>;
  /**
   * The patches that shards of `count` should make: each shard patches the workloads in its own namespaces.
   */
  patchesOf(count: number): string[];
  holderOf(lease: string): Promise<unknown>;
};

/**
 * Creates namespaces with one workload each. A pass has handled the workloads, and their configuration has
 * changed once since then.
 */
async function district(t: TestContext): Promise<District> {
  const { api, cluster } = testCluster();
  const lanes: Lane[] = await Promise.all(Array.from({ length: size }, () => lane(t, 1)));
  const namespaces = lanes.map(({ namespace }) => namespace);
  const [first = ''] = namespaces;
  const change = async () => {
    await Promise.all(lanes.map((each) => each.change()));
  };
  await change();
  const audit = await auditFromHere(cluster);

  const userOf = (index: number, count: number) => `${first}-${index}-of-${count}`;
  const certified = (index: number, count: number) =>
    cluster.kubeconfigFor(
      cluster.clientCertificate({
        commonName: userOf(index, count),
        organizations: ['system:masters'],
      }),
    );
  const start = (index: number, count: number, kubeconfig = certified(index, count)) =>
    startOnce(t, `shard-${index}-of-${count}`, {
      namespace: first,
      kubeconfig,
      flags: [
        ...['--namespaces', namespaces.slice(1).join(',')],
        ...['--shard-count', String(count), '--concurrency-writes', '1'],
      ],
      // An Indexed Job sets this variable.
      env: { JOB_COMPLETION_INDEX: String(index) },
    });
  const isPatch = ({ objectRef, userAgent }: AuditEntry) =>
    namespaces.includes(objectRef?.namespace ?? '') && /^wave-cron\//.test(userAgent ?? '');

  return {
    namespaces,
    userOf,
    start,
    async startAll(count) {
      const all = Array.from({ length: count }, (_, index) => starts(() => start(index, count)));
      const shards = await Promise.all(all);
      return (await Promise.all(shards.map(({ ended }) => ended))).map(fastEnough);
    },
    change,
    async assertRolledOnceEach(why) {
      for (const each of lanes) await each.assertRolledOnceEach(why);
    },
    async patches() {
      const entries = await audit.entries({ verb: writeVerbs, resource: 'deployments' });
      return entries
        .filter(isPatch)
        .map(({ user, objectRef }) => `${user.username} ${objectRef?.namespace}`)
        .sort();
    },
    patchesOf: (count) =>
      namespaces.map((name) => `${userOf(shardOf(name, count), count)} ${name}`).sort(),
    holderOf: async (lease) =>
      (await api.get(path('Lease', first, lease))).spec?.['holderIdentity'],
  };
}

const outputOf = (runs: readonly Run[]) => runs.map(({ stdout, stderr }) => stdout + stderr).join();
const passesOf = (runs: readonly Run[]) => runs.map((run) => summaryOf(run)['pass']);

/** Starts the shard of three that has the first namespace, and waits until it reaches its first patch. */
async function oldShardAtItsPatch(t: TestContext, place: District) {
  const gate = await passGate(t, { workloads: size });
  const there = Promise.withResolvers<Exchange>();
  void gate.at('patch', 1, there.resolve);
  const index = shardOf(place.namespaces[0] ?? '', 3);
  const old = await place.start(index, 3, gate.kubeconfig());
  const first = await Promise.race([there.promise, old.ended]);
  if ('status' in first) {
    fastEnough(first);
    assert.fail(`it ended by itself: ${outputOf([first])}`);
  }
  return { index, old, exchange: first };
}

suite('shards', () => {
  test('work at the same time, and each workload is patched once, by the shard of its namespace', (t) =>
    untilFastEnough(async () => {
      const place = await district(t);
      const runs = await place.startAll(3);
      assert.deepEqual(passesOf(runs), ['Completed', 'Completed', 'Completed'], outputOf(runs));
      assert.deepEqual(
        runs.map((run) => summaryOf(run)['shard']),
        ['0/3', '1/3', '2/3'],
      );
      assert.deepEqual(await place.patches(), place.patchesOf(3));
      await place.assertRolledOnceEach(outputOf(runs));
      for (const index of [0, 1, 2]) assert.equal(await place.holderOf(`wave-cron-${index}`), '');
      assert.match(String(await place.holderOf('wave-cron')), /^shards-of-3-/);

      // A second run with the same number of shards does not wait for a Lease.
      const again = await place.startAll(3);
      assert.deepEqual(passesOf(again), ['Completed', 'Completed', 'Completed']);
      const events = again.flatMap(leaseEventsOf).map(({ leaseEvent }) => leaseEvent);
      assert.ok(!events.includes('watching'), outputOf(again));
    }));

  test('of a new count do nothing while a shard of the old count works, and do the remaining work after it', (t) =>
    untilFastEnough(async () => {
      const place = await district(t);
      const { index, old, exchange } = await oldShardAtItsPatch(t, place);
      const early = await place.startAll(4);
      const held = early.map(({ status }) => status);
      if (passesOf(early).some((pass) => pass !== 'LeaseHeld')) {
        exchange.reset();
        fastEnough(await old.ended);
      }
      assert.deepEqual(passesOf(early), Array(4).fill('LeaseHeld'), outputOf(early));
      assert.deepEqual(held, [0, 0, 0, 0]);
      assert.match(outputOf(early), /a group of 3 shards holds Lease/);
      assert.deepEqual(await place.patches(), []);

      exchange.reply(await exchange.forward());
      const oldRun = fastEnough(await old.ended);
      assert.equal(summaryOf(oldRun)['pass'], 'Completed', outputOf([oldRun]));
      const byOld = place.namespaces.filter((name) => shardOf(name, 3) === index);
      assert.equal((await place.patches()).length, byOld.length);

      const late = await place.startAll(4);
      assert.deepEqual(passesOf(late), Array(4).fill('Completed'), outputOf(late));
      const byNew = place
        .patchesOf(4)
        .filter((patch) => !byOld.some((name) => patch.endsWith(name)));
      assert.deepEqual(
        (await place.patches()).filter((patch) => /-of-4 /.test(patch)),
        byNew,
      );
      await place.assertRolledOnceEach(outputOf([oldRun, ...late]));
    }));

  test('of a new count take over from a frozen shard of the old count, which writes nothing more when it continues', (t) =>
    untilFastEnough(async () => {
      const place = await district(t);
      const { old, exchange } = await oldShardAtItsPatch(t, place);
      await old.freeze();
      const runs = await place.startAll(4);
      assert.deepEqual(passesOf(runs), Array(4).fill('Completed'), outputOf(runs));
      assert.deepEqual(await place.patches(), place.patchesOf(4));
      exchange.reset();
      old.thaw();
      const oldRun = await old.ended;
      assert.equal(oldRun.status, 1, outputOf([oldRun]));
      assert.equal(summaryOf(oldRun)['pass'], 'LeaseLost', outputOf([oldRun]));
      assert.deepEqual(await place.patches(), place.patchesOf(4));
      await place.assertRolledOnceEach(outputOf([oldRun, ...runs]));
    }));
});
