/**
 * Runs long walks:
 *
 *     npm run test:walk -- --steps 20000 --seed 1
 *     npm run test:walk -- --replay '[{"do":"check"}]'
 *
 * They use the control plane that WAVE_CRON_TEST_CONTROL_PLANE names, or start their own.
 */
import { parseArgs } from 'node:util';
import { startControlPlane } from '../../../tools/control-plane/control-plane.ts';
import { controlPlaneVariable } from '../../../tools/control-plane/running-cluster.ts';
import { newTally, runWalks, tallyInWords } from './run.ts';
import type { Step } from './steps.ts';
import { walk } from './walk.ts';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    parallel: { type: 'string', default: '12' },
    replay: { type: 'string' },
  },
});

const own =
  process.env[controlPlaneVariable] === undefined
    ? await startControlPlane({ auditLog: false })
    : undefined;
if (own !== undefined) process.env[controlPlaneVariable] = own.folder;
const print = (text: string) => process.stdout.write(`${text}\n`);
try {
  if (values.replay !== undefined) {
    await walk(JSON.parse(values.replay) as Step[], newTally());
    print('nothing is wrong');
  } else {
    const { steps, seed, parallel } = values;
    print(`seed ${seed}`);
    const { tally, failures } = await runWalks({
      steps: Number(steps),
      seed: Number(seed),
      parallel: Number(parallel),
      onProgress: print,
    });
    print(tallyInWords(tally));
    for (const failure of failures) print(failure);
    process.exitCode = failures.length === 0 ? 0 : 1;
  }
} finally {
  await own?.stop();
}
