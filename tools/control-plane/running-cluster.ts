/**
 * `npm run cluster` and `npm run dev` write a file to the clone, so that tests, `npm run dev` and a
 * debugger find their cluster. It contains variables:
 *
 *     KUBECONFIG=/tmp/wave-cron-control-plane-x/kubeconfig
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Cluster } from './cluster-folder.ts';

/** The variable with the folder of the control plane for tests. */
export const controlPlaneVariable = 'WAVE_CRON_TEST_CONTROL_PLANE';

const defaultFile = join(import.meta.dirname, '../../.cluster.env');

/**
 * Writes the file for a cluster, unless the cluster of an existing file is still running.
 *
 * @returns a function that removes the file
 */
export function announce({ kubeconfig }: Pick<Cluster, 'kubeconfig'>, file = defaultFile) {
  if (runningCluster({}, file) !== undefined) return () => {};
  writeFileSync(file, `KUBECONFIG=${kubeconfig}\n`);
  return () => rmSync(file, { force: true });
}

/**
 * The folder of the control plane to use. The environment has priority over the file, whose control plane
 * must still run. The folder exists only as long as the control plane runs.
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
