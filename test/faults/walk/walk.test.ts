/**
 * A part of the random walk, which is always the same. `npm run test:walk -- --steps N --seed S` runs
 * longer walks; docs/reliability.md has their results.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runWalks, tallyInWords } from './run.ts';

const steps = 250;
const seed = 1;
const parallel = 6;

test('after random changes, concurrent passes and faults, the guarantee holds at every quiet point', async (t) => {
  const { tally, failures } = await runWalks({ steps, seed, parallel });
  t.diagnostic(tallyInWords(tally));
  assert.deepEqual(failures, [], failures.join('\n\n'));
  assert.ok(tally.checks >= 20 && tally.passes >= 50, 'it has looked and it has passed');
  assert.ok(tally.partialPasses >= 5, 'watches have started partial passes');
});
