/** Random updates with the token, and the garbage collector beside them. `npm run test:policies` sends more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasKubectl } from '../../../tools/control-plane/testing.ts';
import { runUpdates, tallyInWords } from '../random-updates/run.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const seed = Number(process.env['WAVE_CRON_TEST_SEED'] ?? Date.now() % 1_000_000);

test('no random update gets past the admission policies and does what docs/security.md says cannot be done', {
  skip,
}, async (t) => {
  t.diagnostic(`seed ${seed}: WAVE_CRON_TEST_SEED=${seed} sends the same updates again`);
  const tally = await runUpdates(t, { updates: 1500, seed, worlds: 3 });
  t.diagnostic(tallyInWords(tally));
  // Or nothing was tried that a pass does.
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
