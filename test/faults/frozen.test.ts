import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { type AuditEntry, auditFromHere } from '../../tools/control-plane/audit.ts';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { writeVerbs } from '../handler/run-pass.ts';
import type { Run } from '../jobs/run-program.ts';
import type { Answer, Exchange } from './fault-proxy.ts';
import { status } from './faults.ts';
import { type HolderOptions, holderAt, workloadsOfHolder } from './holder.ts';
import {
  fastEnough,
  leaseEventsOf,
  type Once,
  oneFileAtATime,
  startOnce,
  summaryOf,
  takeOverOf,
  untilFastEnough,
} from './program.ts';

oneFileAtATime();

type Frozen = {
  run: Run;
  /** What it wrote from when it stood still until its end: `patch deployments/web-01 409`. */
  writes: readonly string[];
};

type Freeze = Pick<HolderOptions, 'step' | 'nth' | 'prepare'> & {
  /**
   * What becomes of the request at which it is frozen: `whileFrozen` before another process takes
   * over, `whenOver` after that one's pass has ended and before it is continued.
   */
  whileFrozen?: (exchange: Exchange) => Promise<Answer>;
  whenOver?: (exchange: Exchange) => Promise<Answer | 'reset'>;
};

/**
 * Freezes a holder at a step of its pass, lets another process take over and do the whole pass,
 * and continues the first, which has a user name of its own in the audit log.
 */
function frozen(t: TestContext, freeze: Freeze): Promise<Frozen> {
  return untilFastEnough(() => frozenOnce(t, freeze));
}

async function frozenOnce(t: TestContext, freeze: Freeze): Promise<Frozen> {
  const { cluster } = testCluster();
  const at = { ...freeze, onceThere: (once: Once) => once.freeze() };
  const { holder, exchange, user, namespace, assertRolledOnceEach } = await holderAt(t, at);
  const audit = await auditFromHere(cluster);
  const atOnce = await freeze.whileFrozen?.(exchange);

  const other = await startOnce(t, 'other', { namespace, kubeconfig: cluster.kubeconfig });
  const otherRun = fastEnough(await other.ended);
  assert.equal(otherRun.status, 0, otherRun.stdout + otherRun.stderr);
  assert.equal(summaryOf(otherRun)['pass'], 'Completed', otherRun.stdout);
  assert.match(takeOverOf(otherRun)?.from ?? '', /^holder_/, otherRun.stdout);

  const answer = atOnce ?? (await freeze.whenOver?.(exchange)) ?? 'reset';
  if (answer === 'reset') exchange.reset();
  else exchange.reply(answer);
  holder.thaw();
  const run = await holder.ended;
  await assertRolledOnceEach(run.stdout);
  const entries = await audit.entries({ user, verb: writeVerbs });
  return { run, writes: entries.map(inWords) };
}

const inWords = ({ verb, objectRef, responseStatus }: AuditEntry) => {
  const { resource = '', name = '' } = objectRef ?? {};
  const about = name === '' ? '' : `/${name.replace(/-\d+(\.\w+)?$/, '')}`;
  return `${verb} ${resource}${about} ${responseStatus?.code}`;
};

function assertLost({ status, stdout, stderr }: Run): void {
  assert.equal(status, 1, stdout + stderr);
  const run = { status, stdout, stderr };
  assert.equal(summaryOf(run)['pass'], 'LeaseLost', stdout);
  const lost = leaseEventsOf(run).filter(({ leaseEvent }) => leaseEvent === 'lost');
  assert.equal(lost.length, 1, stdout);
}

const arrives = ({ forward }: Exchange) => forward();

suite('a holder that is frozen past its lease and continued after another pass', {
  concurrency: true,
}, () => {
  for (const [where, step, nth] of [
    ['before its list', 'list', 1],
    ['between two reads', 'read', 2],
    ['between two patches', 'patch', 2],
  ] as const) {
    test(`writes nothing more, frozen ${where}`, async (t) => {
      const { run, writes } = await frozen(t, { step, nth, whileFrozen: arrives });
      assertLost(run);
      // A patch at which it is frozen is done by the API server while it stands still.
      const arrived = step === 'patch' ? ['patch deployments/web 200'] : [];
      assert.deepEqual(writes, arrived);
    });
  }

  // What has left the process cannot be called back: the version in the patch is what guards then.
  test('changes nothing with a patch that was under way and arrives after the other pass', async (t) => {
    const { run, writes } = await frozen(t, { step: 'patch', nth: 2, whenOver: arrives });
    assertLost(run);
    assert.deepEqual(writes, ['patch deployments/web 409']);
  });

  test('does not try a patch again that was refused for its token meanwhile', async (t) => {
    const { run, writes } = await frozen(t, {
      step: 'patch',
      nth: 2,
      whenOver: async () => status(401, 'Unauthorized', 'Unauthorized'),
    });
    assertLost(run);
    assert.deepEqual(writes, []);
  });

  test('does not try a patch again whose connection was broken meanwhile', async (t) => {
    const { run, writes } = await frozen(t, {
      step: 'patch',
      nth: 2,
      whenOver: async () => 'reset',
    });
    assertLost(run);
    assert.deepEqual(writes, []);
  });

  test('does not try a patch again that the API server had no time for meanwhile', async (t) => {
    const { run, writes } = await frozen(t, {
      step: 'patch',
      nth: 2,
      whenOver: async () => status(503, 'ServiceUnavailable', 'try again'),
    });
    assertLost(run);
    assert.deepEqual(writes, []);
  });

  // What the event tells is true whenever it arrives.
  test('tells nothing more, frozen while it told of a patch', async (t) => {
    const { run, writes } = await frozen(t, { step: 'event', nth: 1, whenOver: arrives });
    assert.deepEqual(writes, ['create events/web 201']);
    assertLost(run);
  });

  test('does not get the lease back by a renewal that was under way', async (t) => {
    const { run, writes } = await frozen(t, {
      step: 'renewal',
      nth: 1,
      whenOver: arrives,
      prepare: (gate) => void gate.at('read', 1, () => {}),
    });
    assertLost(run);
    assert.deepEqual(writes, ['patch leases/wave-cron 409']);
  });

  test('says that it lost the lease, frozen while it told of the last patch', async (t) => {
    const nth = workloadsOfHolder;
    const { run, writes } = await frozen(t, { step: 'event', nth, whenOver: arrives });
    assert.deepEqual(writes, ['create events/web 201']);
    assertLost(run);
  });

  // All that it wrote, it wrote as the holder: the pass is whole, and exit status 0 says so.
  test('takes the lease from nobody by a release that was under way', async (t) => {
    const { run, writes } = await frozen(t, { step: 'release', nth: 1, whenOver: arrives });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.equal(summaryOf(run)['pass'], 'Completed');
    assert.ok(writes.length >= 1);
    for (const write of writes) assert.equal(write, 'patch leases/wave-cron 409');
  });
});
