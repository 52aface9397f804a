import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditFromHere } from '../control-plane/audit.ts';
import { testCluster } from '../control-plane/testing.ts';
import { type Fault, hang } from '../handler/fault-proxy.ts';
import { eventsAbout, requestsIn, writeVerbs } from '../handler/run-pass.ts';
import type { Run } from '../jobs/run-program.ts';
import { lane } from './lane.ts';
import { passGate, type Step } from './pass-gate.ts';
import {
  isTooSlow,
  leaseSeconds,
  type Once,
  startOnce,
  starts,
  summaryOf,
  takeOverOf,
} from './program.ts';

const kills = 50;
/** Each with a namespace and a Lease of its own, all at the same time. */
const lanes = 17;
const workloads = 4;
/** What a take-over may take beyond the duration. */
const graceSeconds = 5;

/** Where a pass can be killed, and how many requests of the kind it makes. */
const steps: readonly { step: Step; requests: number }[] = [
  { step: 'lease', requests: 1 },
  { step: 'list', requests: 3 },
  { step: 'read', requests: workloads + 1 },
  { step: 'patch', requests: workloads },
  { step: 'event', requests: workloads },
  { step: 'release', requests: 1 },
];

/** On its way to the API server, done there but not heard of, or heard of and a little later. */
type Stage = 'sent' | 'arrived' | 'answered';

type Moment = { step: Step; nth: number; stage: Stage; afterMs: number };

/** How often a pass that lost its lease on a slow machine is followed by another. */
const mostPasses = 4;

const inWords = ({ step, nth, stage, afterMs }: Moment) =>
  `${step} ${nth} ${stage}${stage === 'answered' ? ` ${afterMs} ms ago` : ''}`;

/** Numbers from 0 up to 1 that depend on the seed alone (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The steps come in turn, so that none is left out; the rest is left to chance. */
function momentOf(turn: number, random: () => number): Moment {
  const { step, requests } = steps[turn % steps.length] as (typeof steps)[number];
  // Before the lease is taken, and after it was given back, nobody is killed who holds it.
  const stages: Record<string, readonly Stage[]> = {
    lease: ['arrived', 'answered'],
    release: ['sent'],
  };
  const possible = stages[step] ?? ['sent', 'arrived', 'answered'];
  return {
    step,
    nth: 1 + Math.floor(random() * requests),
    stage: possible[Math.floor(random() * possible.length)] as Stage,
    afterMs: Math.floor(random() * 40),
  };
}

const faultOf = ({ stage, afterMs }: Moment, kill: () => Promise<void>): Fault => {
  return async ({ forward, reply, reset }) => {
    if (stage === 'sent') return kill().then(reset);
    const answer = await forward();
    if (stage === 'arrived') return kill().then(reset);
    reply(answer);
    await sleep(afterMs);
    await kill();
  };
};

async function killInLane(
  t: TestContext,
  turns: readonly number[],
  random: () => number,
  seed: string,
): Promise<number[]> {
  const place = await lane(t, workloads);
  const { namespace } = place;
  const gate = await passGate(t, { workloads });
  const audit = await auditFromHere(testCluster().cluster);
  const { kubeconfig } = testCluster().cluster;
  const flags = ['--concurrency-reads', '2', '--concurrency-writes', '2'];
  const options = { namespace, flags };
  const holderNow = async () => String((await place.lease()).spec?.['holderIdentity']);

  /** Kills a holder at the moment; what the Lease says of it then. undefined: it was too slow. */
  async function killedHolder(
    name: string,
    moment: Moment,
    why: string,
  ): Promise<string | undefined> {
    gate.reset();
    const holder = Promise.withResolvers<Once>();
    const kill = async () => (await holder.promise).kill();
    void gate.at(moment.step, moment.nth, faultOf(moment, kill));
    // The pass must not end before it is killed.
    if (moment.step !== 'release') void gate.at('release', 1, hang);
    // Its pass is short: until its end no other start takes the processors from it.
    const run = await starts(async () => {
      const once = await startOnce(t, name, { ...options, kubeconfig: gate.kubeconfig() });
      holder.resolve(once);
      return await once.ended;
    });
    if (isTooSlow(run)) return undefined;
    assert.equal(run.status, null, `it ended by itself, to be ${why}: ${run.stdout}`);
    const dead = await holderNow();
    assert.ok(dead.startsWith(`${name}_`), `it was no holder, ${why}`);
    return dead;
  }

  /** The passes after a kill until one has completed, which is the first where nothing is slow. */
  async function passesAfter(name: string, why: string): Promise<readonly [Run, ...Run[]]> {
    const one = async () => {
      const { ended } = await starts(async () => {
        const once = await startOnce(t, name, { ...options, kubeconfig });
        await once.logged(() => true, 'a line');
        return once;
      });
      return await ended;
    };
    const runs: [Run, ...Run[]] = [await one()];
    while (isTooSlow(runs.at(-1) as Run) && runs.length < mostPasses) runs.push(await one());
    const last = runs.at(-1) as Run;
    const output = `${why}: ${last.stdout}${last.stderr}`;
    assert.equal(last.status, 0, output);
    assert.equal(summaryOf(last)['pass'], 'Completed', output);
    return runs;
  }

  const waits: number[] = [];
  let changes = 0;
  for (const turn of turns) {
    const moment = momentOf(turn, random);
    const why = `killed with ${inWords(moment)} (TEST_SEED=${seed}, turn ${turn})`;
    for (let isHit = false; !isHit; ) {
      assert.ok(changes < turns.length * mostPasses, `the machine is too slow, to be ${why}`);
      await place.change();
      changes += 1;
      const dead = await killedHolder(`holder-${turn}`, moment, why);
      const [next] = await passesAfter(`next-${turn}`, why);
      await place.assertRolledOnceEach(why);
      assert.equal(await holderNow(), '', why);
      if (dead === undefined) continue;
      isHit = true;
      const takeOver = takeOverOf(next);
      assert.equal(takeOver?.from, dead, `${why}: ${next.stdout}`);
      const waited = takeOver?.unchangedForSeconds ?? Number.NaN;
      assert.ok(waited >= leaseSeconds, `${why}: taken over after ${waited} s`);
      assert.ok(waited <= leaseSeconds + graceSeconds, `${why}: taken over after ${waited} s`);
      waits.push(waited);
    }
  }

  const patches = await audit.entries({
    ...requestsIn(namespace),
    verb: writeVerbs,
    resource: 'deployments',
  });
  for (const name of place.workloads) {
    const done = patches.filter(
      ({ objectRef, responseStatus }) => objectRef?.name === name && responseStatus?.code === 200,
    );
    assert.equal(done.length, changes, `patches of ${name} (TEST_SEED=${seed})`);
    // The event of a patch may be lost with the process; it is never told twice.
    const events = await eventsAbout(namespace, name);
    assert.ok(events.length <= 1 + changes, `events of ${name} (TEST_SEED=${seed})`);
  }
  return waits;
}

test(`after each of ${kills} kills of a holder in mid-pass the next pass takes over and finishes, and no workload is rolled twice`, async (t) => {
  const seed = process.env['TEST_SEED'] ?? String(randomInt(2 ** 31));
  t.diagnostic(`TEST_SEED=${seed}`);
  const turns = Array.from({ length: kills }, (_, turn) => turn);
  const waits = await Promise.all(
    Array.from({ length: lanes }, (_, i) => {
      const own = turns.filter((turn) => turn % lanes === i);
      return killInLane(t, own, randomFrom(Number(seed) + i), seed);
    }),
  );
  const all = waits.flat();
  assert.equal(all.length, kills);
  t.diagnostic(
    `taken over after at most ${Math.max(...all).toFixed(1)} s without a sign of life, where the lease lasts ${leaseSeconds} s`,
  );
});
