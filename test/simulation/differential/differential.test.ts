/** The simulated API server against the real one. `npm run test:differential` sends more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { inWords } from './report.ts';
import { runDifferential } from './run.ts';

const seed = Number(process.env['WAVE_CRON_TEST_SEED'] ?? Date.now() % 1_000_000);

test('the simulated API server answers random requests like the real one, and has the same objects after them', async (t) => {
  t.diagnostic(`seed ${seed}: WAVE_CRON_TEST_SEED=${seed} sends the same requests again`);
  const { cluster } = testCluster();
  const result = await runDifferential({ cluster, requests: 6_000, seed, parallel: 6 });
  t.diagnostic(`${result.requests} requests in ${result.sequences} sequences`);
  assert.deepEqual(result.differences.map(inWords), []);
});
