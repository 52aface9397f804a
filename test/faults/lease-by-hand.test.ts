import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { path } from '../../tools/control-plane/api.ts';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { writeVerbs } from '../handler/run-pass.ts';
import type { LogLine } from '../jobs/run-program.ts';
import { hang } from './faults.ts';
import { holderAt, workloadsOfHolder } from './holder.ts';
import { leaseName } from './lane.ts';
import {
  fastEnough,
  leaseEventsOf,
  oneFileAtATime,
  startOnce,
  starts,
  summaryOf,
  TooSlow,
  takeOverOf,
  untilFastEnough,
} from './program.ts';

oneFileAtATime();

const { api, cluster } = testCluster();
const midPass = { step: 'patch', nth: 2 } as const;

const next = (t: TestContext, namespace: string, name = 'next') =>
  starts(async () => {
    const once = await startOnce(t, name, { namespace, kubeconfig: cluster.kubeconfig });
    await once.logged(() => true, 'a line');
    return once;
  });

const leaseEvent = (kind: string) => (line: LogLine) => line['leaseEvent'] === kind;

/** Values that the API server accepts in a Lease but that no holder writes. */
const nonsense = {
  acquireTime: null,
  renewTime: '9999-12-31T23:59:59.999999Z',
  leaseDurationSeconds: 2 ** 31 - 1,
  leaseTransitions: 2 ** 31 - 1,
};

suite('a holder', { concurrency: true }, () => {
  test('that dies while another process waits for its Lease is followed by that process', (t) =>
    untilFastEnough(async () => {
      const { holder, namespace, assertRolledOnceEach } = await holderAt(t, {
        ...midPass,
        // The renewals hang, so that the holder does not change its Lease before it dies.
        prepare: (gate) => {
          for (let nth = 1; nth <= 9; nth++) void gate.at('renewal', nth, hang);
        },
      });
      const other = await next(t, namespace);
      await other.logged(leaseEvent('watching'), 'a look at the holder');
      await holder.kill();
      const run = fastEnough(await other.ended);
      assert.equal(run.status, 0, run.stdout + run.stderr);
      assert.match(takeOverOf(run)?.from ?? '', /^holder_/, run.stdout);
      assert.equal(summaryOf(run)['pass'], 'Completed');
      await assertRolledOnceEach(run.stdout);
    }));

  test('that dies is followed by exactly one of the processes that wait for its Lease', (t) =>
    untilFastEnough(async () => {
      const { holder, namespace, assertRolledOnceEach } = await holderAt(t, midPass);
      await holder.kill();
      const others = await Promise.all(['a', 'b', 'c'].map((name) => next(t, namespace, name)));
      const runs = await Promise.all(others.map(({ ended }) => ended.then(fastEnough)));
      const output = runs.map(({ stdout, stderr }) => stdout + stderr).join('\n');
      assert.deepEqual(
        runs.map(({ status }) => status),
        [0, 0, 0],
        output,
      );
      const tookOver = runs.filter((run) => takeOverOf(run)?.from.startsWith('holder_'));
      assert.equal(tookOver.length, 1, output);
      const written = runs.map((run) => summaryOf(run)['written']);
      assert.deepEqual(
        written.filter((it) => it !== 0),
        [workloadsOfHolder - 1],
        output,
      );
      await assertRolledOnceEach(output);
    }));

  test('that dies with nonsense in its Lease is followed by a process that waits for its own lease duration', (t) =>
    untilFastEnough(async () => {
      const { holder, namespace, assertRolledOnceEach } = await holderAt(t, midPass);
      await holder.kill();
      await api.patch(path('Lease', namespace, leaseName), { spec: nonsense }, 'merge');
      const run = fastEnough(await (await next(t, namespace)).ended);
      assert.equal(run.status, 0, run.stdout + run.stderr);
      assert.match(takeOverOf(run)?.from ?? '', /^holder_/, run.stdout);
      await assertRolledOnceEach(run.stdout);
    }));

  const edits = {
    'whose Lease is deleted': {
      edit: (lease: string) => api.delete(lease),
      why: /another client deleted it/,
      takesOver: false,
    },
    'whose name is removed from the Lease': {
      edit: (lease: string) => api.patch(lease, { spec: { holderIdentity: '' } }, 'merge'),
      why: /another client cleared its holder/,
      takesOver: false,
    },
    'whose name is replaced in the Lease': {
      edit: (lease: string) =>
        api.patch(lease, { spec: { holderIdentity: 'some\n"body"' } }, 'merge'),
      why: /took it over/,
      takesOver: true,
    },
  };
  for (const [which, { edit, why, takesOver }] of Object.entries(edits)) {
    test(`${which} writes nothing more once its renewal detects this, and does not change the Lease`, (t) =>
      untilFastEnough(async () => {
        const { holder, namespace, user, exchange, assertRolledOnceEach } = await holderAt(
          t,
          midPass,
        );
        const lease = path('Lease', namespace, leaseName);
        await edit(lease);
        const lost = await holder.logged(leaseEvent('lost'), 'the loss');
        if (/the last renewal was/.test(lost.msg)) throw new TooSlow(lost.msg);
        assert.match(lost.msg, why);
        const audit = await auditFromHere(cluster);
        const left = await api.find(lease);
        exchange.reply(await exchange.forward());
        const run = fastEnough(await holder.ended);
        assert.equal(run.status, 1, run.stdout + run.stderr);
        assert.equal(summaryOf(run)['pass'], 'LeaseLost', run.stdout);
        // The patch was sent before the Lease was edited.
        const writes = await audit.entries({ user, verb: writeVerbs });
        assert.deepEqual(
          writes.map(({ objectRef }) => objectRef?.resource),
          ['deployments'],
        );
        assert.deepEqual((await api.find(lease))?.spec, left?.spec);

        const after = fastEnough(await (await next(t, namespace)).ended);
        assert.equal(after.status, 0, after.stdout + after.stderr);
        const tookOver = leaseEventsOf(after).some(leaseEvent('tookOver'));
        assert.equal(tookOver, takesOver, after.stdout);
        await assertRolledOnceEach(after.stdout);
      }));
  }

  test('with nonsense in its Lease continues, and corrects the Lease with its next renewal', (t) =>
    untilFastEnough(async () => {
      const { holder, namespace, lease, exchange, assertRolledOnceEach } = await holderAt(
        t,
        midPass,
      );
      const before = (await lease()).spec;
      await api.patch(path('Lease', namespace, leaseName), { spec: nonsense }, 'merge');
      await api.waitFor(
        path('Lease', namespace, leaseName),
        (it) => it?.spec?.['leaseDurationSeconds'] === before?.['leaseDurationSeconds'],
      );
      assert.equal((await lease()).spec?.['acquireTime'], before?.['acquireTime']);
      exchange.reply(await exchange.forward());
      const run = fastEnough(await holder.ended);
      assert.equal(run.status, 0, run.stdout + run.stderr);
      assert.deepEqual(leaseEventsOf(run).filter(leaseEvent('lost')), []);
      await assertRolledOnceEach(run.stdout);
    }));
});
