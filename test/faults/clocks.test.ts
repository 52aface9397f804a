import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { holderAt } from './holder.ts';
import {
  fastEnough,
  leaseSeconds,
  oneFileAtATime,
  startOnce,
  summaryOf,
  takeOverOf,
  untilFastEnough,
  wallClockAhead,
} from './program.ts';

oneFileAtATime();

const hour = 3_600_000;

suite('with wall clocks an hour apart', { concurrency: true }, () => {
  for (const [holderAhead, otherAhead, which] of [
    [1, 0, 'an hour ahead'],
    [-1, 0, 'an hour behind'],
    [0.5, -0.5, 'half an hour ahead, with the other half an hour behind'],
  ] as const) {
    for (const isAlive of [true, false]) {
      const what = isAlive
        ? `a living holder ${which} keeps its Lease`
        : `the Lease of a dead holder ${which} is taken over after one lease duration`;
      test(what, (t) =>
        untilFastEnough(async () => {
          // The wrong clock of the holder does not invalidate its token: the API server compares the expiry
          // with its own clock.
          const env = wallClockAhead(holderAhead);
          const at = { step: 'patch', nth: 1, env } as const;
          const { holder, exchange, ...place } = await holderAt(t, at);
          const { namespace, lease, assertRolledOnceEach } = place;
          const { spec } = await lease();
          const off = Date.parse(String(spec?.['renewTime'])) - (Date.now() + holderAhead * hour);
          assert.ok(Math.abs(off) < hour / 4, `its clock is not off as it should be: ${off} ms`);
          if (!isAlive) await holder.kill();

          const other = await startOnce(t, 'other', {
            namespace,
            kubeconfig: testCluster().cluster.kubeconfig,
            env: wallClockAhead(otherAhead),
          });
          const run = fastEnough(await other.ended);
          const output = run.stdout + run.stderr;
          assert.equal(run.status, 0, output);
          if (isAlive) {
            // If the other process took the Lease over, the holder may have been too slow to renew it. Then
            // `fastEnough` throws, and the test is repeated.
            if (summaryOf(run)['pass'] !== 'LeaseHeld') {
              exchange.reset();
              fastEnough(await holder.ended);
            }
            assert.equal(summaryOf(run)['pass'], 'LeaseHeld', output);
            assert.equal((await lease()).spec?.['holderIdentity'], spec?.['holderIdentity']);
            exchange.reply(await exchange.forward());
            const held = fastEnough(await holder.ended);
            assert.equal(held.status, 0, held.stdout + held.stderr);
            assert.equal(summaryOf(held)['pass'], 'Completed', held.stdout);
          } else {
            assert.equal(summaryOf(run)['pass'], 'Completed', output);
            const takeOver = takeOverOf(run);
            assert.equal(takeOver?.from, spec?.['holderIdentity'], output);
            assert.ok((takeOver?.unchangedForSeconds ?? 0) >= leaseSeconds, output);
            assert.ok((takeOver?.unchangedForSeconds ?? 0) < 2 * leaseSeconds, output);
          }
          await assertRolledOnceEach(output);
        }),
      );
    }
  }
});
