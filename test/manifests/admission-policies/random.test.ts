/** Random updates with the token, while the garbage collector runs. `npm run test:policies` sends more of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasKubectl } from '../../../tools/control-plane/testing.ts';
import { runUpdates, tallyInWords } from '../random-updates/run.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const seed = Number(process.env['WAVE_CRON_TEST_SEED'] ?? Date.now() % 1_000_000);

test('no random update does anything that the admission policies must prevent according to docs/security.md', {
  skip,
}, async (t) => {
  t.diagnostic(`seed ${seed}: WAVE_CRON_TEST_SEED=${seed} sends the same updates again`);
  const tally = await runUpdates(t, { updates: 1500, seed, worlds: 3 });
  t.diagnostic(tallyInWords(tally));
  // If these are missing, the updates did not try the changes of a pass, and the test proves little.
  const words = [...tally.allowed.keys()];
  for (const what of [
    'owner Namespace added',
    'owner Deployment removed',
    'template config-hash',
  ]) {
    assert.ok(
      words.some((it) => it.includes(what)),
      `${what}: in none of ${words.join('; ')}`,
    );
  }
});
