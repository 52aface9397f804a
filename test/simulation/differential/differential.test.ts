/** Compares the simulated API server with a real one. `npm run test:differential` sends more requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { inWords } from './report.ts';
import { runDifferential } from './run.ts';

const seed = Number(process.env['WAVE_CRON_TEST_SEED'] ?? 1);

// Only requests whose result does not depend on when a controller of the real cluster acts, because a busy
// machine delays these controllers.
test('the simulated API server responds to random requests about sources, Leases and Events like the real one, and then contains the same objects', async (t) => {
  t.diagnostic(`seed ${seed}: WAVE_CRON_TEST_SEED=${seed} sends the same requests again`);
  const { cluster } = testCluster();
  const options = { cluster, requests: 3_000, seed, parallel: 4, withoutControllers: true };
  const result = await runDifferential(options);
  t.diagnostic(`${result.requests} requests in ${result.sequences} sequences`);
  assert.deepEqual(result.differences.map(inWords), []);
});
