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
  /** The holder's writes from its freeze to its end, such as `patch deployments/web 409`. */
  writes: readonly string[];
};

type Freeze = Pick<HolderOptions, 'step' | 'nth' | 'prepare'> & {
  /**
   * The response to the request at which the holder is frozen. `whileFrozen` gets it before another process
   * takes over. `whenOver` gets it after the other process's pass, before the holder continues. Without
   * both, the connection is reset.
   */
  whileFrozen?: (exchange: Exchange) => Promise<Answer>;
  whenOver?: (exchange: Exchange) => Promise<Answer | 'reset'>;
};

/**
 * Freezes a holder at a step of its pass, lets another process take over and do the whole pass, and then
 * continues the holder. The holder has its own user name, which identifies its writes in the audit log.
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

suite('a holder that is frozen until its Lease expires and continues after the pass of another process', {
  concurrency: true,
}, () => {
  for (const [where, step, nth] of [
    ['before its list', 'list', 1],
    ['between two reads', 'read', 2],
    ['between two patches', 'patch', 2],
  ] as const) {
    test(`writes nothing more if it was frozen ${where}`, async (t) => {
      const { run, writes } = await frozen(t, { step, nth, whileFrozen: arrives });
      assertLost(run);
      // If the holder is frozen at a patch, the API server executes this patch during the freeze.
      const arrived = step === 'patch' ? ['patch deployments/web 200'] : [];
      assert.deepEqual(writes, arrived);
    });
  }

  // A request that has left the process cannot be called back. Then the resource version in the patch
  // protects the workload.
  test('changes nothing with a patch that was sent before the freeze and arrives after the other pass', async (t) => {
    const { run, writes } = await frozen(t, { step: 'patch', nth: 2, whenOver: arrives });
    assertLost(run);
    assert.deepEqual(writes, ['patch deployments/web 409']);
  });

  test('does not retry a patch that got 401 during the freeze', async (t) => {
    const { run, writes } = await frozen(t, {
      step: 'patch',
      nth: 2,
      whenOver: async () => status(401, 'Unauthorized', 'Unauthorized'),
    });
    assertLost(run);
    assert.deepEqual(writes, []);
  });

  test('does not retry a patch whose connection broke during the freeze', async (t) => {
    const { run, writes } = await frozen(t, {
      step: 'patch',
      nth: 2,
      whenOver: async () => 'reset',
    });
    assertLost(run);
    assert.deepEqual(writes, []);
  });

  test('does not retry a patch that got 503 during the freeze', async (t) => {
    const { run, writes } = await frozen(t, {
      step: 'patch',
      nth: 2,
      whenOver: async () => status(503, 'ServiceUnavailable', 'try again'),
    });
    assertLost(run);
    assert.deepEqual(writes, []);
  });

  // The Event may arrive late, because it reports a patch that was really made.
  test('writes nothing more if it was frozen while it recorded the Event of a patch', async (t) => {
    const { run, writes } = await frozen(t, { step: 'event', nth: 1, whenOver: arrives });
    assert.deepEqual(writes, ['create events/web 201']);
    assertLost(run);
  });

  test('does not get the Lease back with a renewal that was sent before the freeze', async (t) => {
    const { run, writes } = await frozen(t, {
      step: 'renewal',
      nth: 1,
      whenOver: arrives,
      prepare: (gate) => void gate.at('read', 1, () => {}),
    });
    assertLost(run);
    assert.deepEqual(writes, ['patch leases/wave-cron 409']);
  });

  test('reports that it lost the Lease if it was frozen while it recorded the last Event', async (t) => {
    const nth = workloadsOfHolder;
    const { run, writes } = await frozen(t, { step: 'event', nth, whenOver: arrives });
    assert.deepEqual(writes, ['create events/web 201']);
    assertLost(run);
  });

  // The process made all its writes as the holder. So its pass is complete, and the exit status is 0.
  test('does not change the Lease with a release that was sent before the freeze', async (t) => {
    const { run, writes } = await frozen(t, { step: 'release', nth: 1, whenOver: arrives });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.equal(summaryOf(run)['pass'], 'Completed');
    assert.ok(writes.length >= 1);
    for (const write of writes) assert.equal(write, 'patch leases/wave-cron 409');
  });
});
