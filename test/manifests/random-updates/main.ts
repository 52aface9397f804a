/**
 * Sends many random updates with wave-cron's token, and prints which of them the admission policies allowed:
 *
 *     npm run test:policies -- --updates 20000 --seed 1
 *
 * It uses the control plane of `npm run cluster`, or starts its own.
 */
import { parseArgs } from 'node:util';
import { startControlPlane } from '../../../tools/control-plane/control-plane.ts';
import {
  controlPlaneVariable,
  runningCluster,
} from '../../../tools/control-plane/running-cluster.ts';
import { runUpdates, tallyInWords } from './run.ts';

const { values } = parseArgs({
  options: {
    updates: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    worlds: { type: 'string', default: '8' },
  },
});

const own =
  runningCluster(process.env) === undefined
    ? await startControlPlane({ auditLog: false })
    : undefined;
if (own !== undefined) process.env[controlPlaneVariable] = own.folder;
const print = (text: string) => process.stdout.write(`${text}\n`);
const cleanups: (() => unknown)[] = [];
try {
  const { updates, seed, worlds } = values;
  print(`seed ${seed}`);
  const tally = await runUpdates(
    { after: (cleanup) => cleanups.push(cleanup) },
    {
      ...{ updates: Number(updates), seed: Number(seed), worlds: Number(worlds) },
      onProgress: print,
    },
  );
  print(tallyInWords(tally));
} finally {
  for (const cleanup of cleanups.toReversed()) await cleanup();
  await own?.stop();
}
