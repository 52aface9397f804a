import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { eventsAbout, requestsIn } from '../handler/run-pass.ts';
import { mulberry32 } from '../mulberry32.ts';
import type { Fault } from './fault-proxy.ts';
import { hang } from './faults.ts';
import { lane } from './lane.ts';
import { passGate, type Step } from './pass-gate.ts';
import {
  fastEnough,
  leaseSeconds,
  type Once,
  oneFileAtATime,
  startOnce,
  starts,
  summaryOf,
  TooSlow,
  takeOverOf,
  untilFastEnough,
} from './program.ts';

oneFileAtATime();

const chains = 25;
const workloads = 4;
/** How many seconds a takeover may take in addition to the lease duration. */
const graceSeconds = 5;

/** A step at which a pass can be killed, and how many requests each pass makes in this step. */
type Place = { step: Step; requests: number };
const early: readonly Place[] = [
  { step: 'lease', requests: 1 },
  { step: 'list', requests: 3 },
  { step: 'read', requests: workloads + 1 },
];
/**
 * Steps of which only a pass that finds all workloads changed makes this number of requests.
 */
const late: readonly Place[] = [
  { step: 'patch', requests: workloads },
  { step: 'event', requests: workloads },
  { step: 'release', requests: 1 },
];

/**
 * The moment at which the process is killed: before its request reaches the API server, after the
 * API server has executed the request but before the response, or a little after the response.
 */
type Stage = 'sent' | 'arrived' | 'answered';

type Moment = { step: Step; nth: number; stage: Stage; afterMs: number };

const inWords = ({ step, nth, stage, afterMs }: Moment) =>
  `${step} ${nth} ${stage}${stage === 'answered' ? ` ${afterMs} ms ago` : ''}`;

/** The steps take turns, so that each is tested. Everything else is random. */
function momentOf(places: readonly Place[], turn: number, random: () => number): Moment {
  const { step, requests } = places[turn % places.length] as Place;
  // A process is not a holder before it takes the Lease or after it releases it.
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

/**
 * Makes one change and kills the holder during its pass. Another process takes over and is killed too. The
 * third process finishes.
 *
 * @returns how long each takeover waited, in seconds; each time is within the bound
 * @throws TooSlow if the machine had no time for a process, so that the test must be repeated
 */
async function chain(
  t: TestContext,
  moments: readonly [Moment, Moment],
  said: string,
): Promise<number[]> {
  const place = await lane(t, workloads);
  const { namespace } = place;
  const gate = await passGate(t, { workloads });
  const audit = await auditFromHere(testCluster().cluster);
  const flags = ['--concurrency-reads', '2', '--concurrency-writes', '2'];
  await place.change();

  const waits: number[] = [];
  let lastHolder: string | undefined;
  for (const [i, moment] of [...moments, undefined].entries()) {
    const name = `holder-${i}`;
    const holder = Promise.withResolvers<Once>();
    gate.reset();
    if (moment !== undefined) {
      const kill = async () => (await holder.promise).kill();
      void gate.at(moment.step, moment.nth, faultOf(moment, kill));
      // The pass must not end before the kill, so its release of the Lease hangs. The gate may count the
      // release as a renewal, if fewer Events than usual came before it.
      if (moment.step !== 'release') void gate.at('release', 1, hang);
      if (i > 0) void gate.at('renewal', 1, hang);
    }
    const once = await starts(async () => {
      const started = await startOnce(t, name, {
        namespace,
        kubeconfig: gate.kubeconfig(),
        flags,
      });
      holder.resolve(started);
      // The first process does its pass at once. It keeps its place among the starts until it ends, so that
      // fewer other starts take processor time from it.
      await (i === 0 ? started.ended : started.logged(() => true, 'a line'));
      return started;
    });
    const run = fastEnough(await once.ended);
    const output = `${said}, ${name}: ${run.stdout}${run.stderr}`;

    const takeOver = takeOverOf(run);
    if (takeOver !== undefined) {
      assert.equal(takeOver.from, lastHolder, output);
      assert.ok(takeOver.unchangedForSeconds >= leaseSeconds, output);
      // A process that waits for a Lease needs some processor time, which this one did not get.
      if (takeOver.unchangedForSeconds > leaseSeconds + graceSeconds) throw new TooSlow(output);
      waits.push(takeOver.unchangedForSeconds);
    }
    lastHolder = String((await place.lease()).spec?.['holderIdentity']);
    if (moment === undefined) {
      assert.equal(run.status, 0, output);
      assert.equal(summaryOf(run)['pass'], 'Completed', output);
      assert.ok(takeOver !== undefined, output);
      assert.equal(lastHolder, '', output);
    } else {
      assert.equal(run.status, null, `it ended by itself; ${output}`);
      assert.ok(lastHolder.startsWith(`${name}_`), `it was no holder; ${output}`);
    }
  }

  await place.assertRolledOnceEach(said);
  const writes = await audit.entries({ ...requestsIn(namespace), verb: 'patch' });
  const done = writes.filter(
    ({ objectRef, responseStatus }) =>
      objectRef?.resource === 'deployments' && responseStatus?.code === 200,
  );
  const patched = done.map(({ objectRef }) => objectRef?.name).sort();
  assert.deepEqual(patched, place.workloads, said);
  for (const name of place.workloads) {
    // The Event of a patch may be lost with the process, but it is never recorded twice.
    const events = await eventsAbout(namespace, name);
    assert.ok(events.filter(({ reason }) => reason === 'ConfigChanged').length <= 1, said);
  }
  return waits;
}

test(`after each of ${2 * chains} kills of a holder during its pass, another process takes over; the last one finishes, and no workload is rolled twice`, async (t) => {
  const seed = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 31));
  t.diagnostic(`TEST_SEED=${seed}`);
  const waits = await Promise.all(
    Array.from({ length: chains }, async (_, turn) => {
      const random = mulberry32(seed + turn);
      const first = momentOf(late, turn, random);
      const second = momentOf(early, Math.floor(turn / late.length), random);
      const said = `killed with ${inWords(first)}, then with ${inWords(second)} (TEST_SEED=${seed}, turn ${turn})`;
      return await untilFastEnough(() => chain(t, [first, second], said));
    }),
  );
  const longest = Math.max(...waits.flat()).toFixed(1);
  t.diagnostic(`taken over after at most ${longest} s unchanged, of a lease of ${leaseSeconds} s`);
});
