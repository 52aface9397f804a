import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { requestsIn, writeVerbs } from '../handler/run-pass.ts';
import { faultProxy } from './fault-proxy.ts';
import { after } from './faults.ts';
import { lane } from './lane.ts';
import {
  fastEnough,
  type Once,
  oneFileAtATime,
  startOnce,
  summaryOf,
  untilFastEnough,
} from './program.ts';

oneFileAtATime();

const processes = 20;

test('20 processes that start together patch each of 50 workloads once, and those without the Lease report LeaseHeld', (t) =>
  untilFastEnough(async () => {
    const { namespace, workloads, change, assertRolledOnceEach, lease } = await lane(t, 50);
    await change();
    const audit = await auditFromHere(testCluster().cluster);

    // The first pass lasts until another process has found the Lease held, no matter how fast the pass is.
    const firstHeld = Promise.withResolvers<unknown>();
    const proxy = await faultProxy(t);
    proxy.on(
      'GET',
      /\/apis\/apps\/v1\/namespaces\/[^/]+\/deployments\?/,
      after(() => firstHeld.promise),
      {
        times: 1,
      },
    );
    const kubeconfig = proxy.kubeconfig();
    const starts = Array.from({ length: processes }, (_, i) =>
      startOnce(t, `contender-${i}`, { namespace, kubeconfig, leaseSeconds: 30 }),
    );
    const contenders: Once[] = await Promise.all(starts);
    const runs = await Promise.all(
      contenders.map(async ({ ended }) => {
        const run = await ended;
        // A run without a summary also ends the wait. Otherwise, the test would hang and hide the fault of
        // that run.
        if (run.status !== 0 || summaryOf(run)['pass'] === 'LeaseHeld')
          firstHeld.resolve(undefined);
        return run;
      }),
    );

    for (const { status, stdout, stderr } of runs.map(fastEnough))
      assert.equal(status, 0, stdout + stderr);
    const summaries = runs.map(summaryOf);
    const ends = summaries.map(({ pass }) => pass);
    assert.deepEqual([...new Set(ends)].sort(), ['Completed', 'LeaseHeld']);
    // One pass did all the work. Processes that got the Lease after it had nothing left to do.
    assert.deepEqual(
      summaries.map(({ written }) => written).filter((written) => written !== 0),
      [workloads.length],
    );

    const writes = await audit.entries({ ...requestsIn(namespace), verb: writeVerbs });
    const patches = writes.filter(({ objectRef }) => objectRef?.resource === 'deployments');
    assert.deepEqual(
      patches.map(({ verb, objectRef }) => `${verb} ${objectRef?.name}`).sort(),
      workloads.map((name) => `patch ${name}`),
    );
    await assertRolledOnceEach('after one change');
    assert.equal((await lease()).spec?.['holderIdentity'], '');

    const count = (what: string) => ends.filter((end) => end === what).length;
    t.diagnostic(`LeaseHeld ${count('LeaseHeld')} times, Completed ${count('Completed')} times`);
  }));
