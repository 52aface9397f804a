/** Compares the simulated API server with a real one. `npm run test:differential` sends more requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { inWords } from './report.ts';
import { runDifferential } from './run.ts';

const seed = Number(process.env['WAVE_CRON_TEST_SEED'] ?? Date.now() % 1_000_000);

test('the simulated API server responds to random requests like the real one, and then contains the same objects', async (t) => {
  t.diagnostic(`seed ${seed}: WAVE_CRON_TEST_SEED=${seed} sends the same requests again`);
  const { cluster } = testCluster();
  const result = await runDifferential({ cluster, requests: 4_000, seed, parallel: 6 });
  t.diagnostic(`${result.requests} requests in ${result.sequences} sequences`);
  assert.deepEqual(result.differences.map(inWords), []);
});
