/**
 * A cluster that somebody has started for a while (`npm run cluster`, `npm run dev`) leaves word of itself
 * in the clone, so that tests, `npm run dev` and a debugger find it. It is a file of variables:
 *
 *     KUBECONFIG=/tmp/wave-cron-control-plane-x/kubeconfig
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Cluster } from './cluster-folder.ts';

/** Names the folder of the control plane that tests use. */
export const controlPlaneVariable = 'WAVE_CRON_TEST_CONTROL_PLANE';

const defaultFile = join(import.meta.dirname, '../../.cluster.env');

/**
 * Leaves word of a cluster, but where another one has and still runs.
 *
 * @returns takes it back
 */
export function announce({ kubeconfig }: Pick<Cluster, 'kubeconfig'>, file = defaultFile) {
  if (runningCluster({}, file) !== undefined) return () => {};
  writeFileSync(file, `KUBECONFIG=${kubeconfig}\n`);
  return () => rmSync(file, { force: true });
}

/**
 * The folder of the control plane to use: the one that the environment names, else the one that has left
 * word and still runs. That takes its folder with it, however it ends.
 */
export function runningCluster(
  environment: Readonly<Record<string, string | undefined>>,
  file = defaultFile,
): string | undefined {
  const given = environment[controlPlaneVariable];
  if (given !== undefined && given !== '') return given;
  if (!existsSync(file)) return undefined;
  const { KUBECONFIG: kubeconfig = '' } = parseEnv(readFileSync(file, 'utf8'));
  return existsSync(kubeconfig) ? dirname(kubeconfig) : undefined;
}
