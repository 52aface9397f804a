/**
 * Sends random requests to a real API server and to the simulated one, and prints the differences:
 *
 *     npm run test:differential -- --requests 100000 --seed 1
 *     npm run test:differential -- --requests 2000 --only Deployment
 *
 * Uses the control plane of `npm run cluster`. If it does not run, the program starts its own.
 */
import { parseArgs } from 'node:util';
import { openCluster } from '../../../tools/control-plane/cluster-folder.ts';
import { startControlPlane } from '../../../tools/control-plane/control-plane.ts';
import { runningCluster } from '../../../tools/control-plane/running-cluster.ts';
import { inWords } from './report.ts';
import { runDifferential } from './run.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    parallel: { type: 'string', default: '8' },
    only: { type: 'string' },
  },
});

const running = runningCluster(process.env);
const own = running === undefined ? await startControlPlane({ auditLog: false }) : undefined;
const cluster = own ?? openCluster(running ?? '');
const print = (text: string) => process.stdout.write(`${text}\n`);
try {
  const { requests, seed, parallel, only } = values;
  print(`seed ${seed}`);
  let shown = 0;
  const result = await runDifferential({
    cluster,
    ...{ requests: Number(requests), seed: Number(seed), parallel: Number(parallel), only },
    onDifference: (found) => print(inWords(found)),
    onProgress(text) {
      if (performance.now() - shown < 5_000) return;
      shown = performance.now();
      print(text);
    },
  });
  print(
    `${result.requests} requests in ${result.sequences} sequences, ${result.differences.length} differences`,
  );
  process.exitCode = result.differences.length === 0 ? 0 : 1;
} finally {
  await own?.stop();
}
