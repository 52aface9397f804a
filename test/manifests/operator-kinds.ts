/** PodMonitor and PrometheusRule, as the pinned version of the Prometheus operator defines them. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { KubernetesObject } from '../../tools/control-plane/api.ts';
import { runKubectl } from './kustomize.ts';

const operator = 'github.com/prometheus-operator/prometheus-operator';
const moduleFolder = join(import.meta.dirname, '../../tools/control-plane/go/prometheus-operator');
const plurals = ['podmonitors', 'prometheusrules'] as const;

/** The files with the definitions. They are in the operator's Go module, and go.sum pins their content. */
async function definitionFiles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', operator], {
    cwd: moduleFolder,
    env: { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' },
  });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  const folder = join(Dir, 'example/prometheus-operator-crd');
  return plurals.map((plural) => join(folder, `monitoring.coreos.com_${plural}.yaml`));
}

/**
 * Adds the definitions to the cluster, and returns when the API server uses them. The definitions
 * stay, because they do not disturb other tests.
 */
export async function defineOperatorKinds(): Promise<void> {
  const files = await definitionFiles();
  const names = files.map(
    (file) => (parse(readFileSync(file, 'utf8')) as KubernetesObject).metadata.name,
  );
  const each = files.flatMap((file) => ['-f', file]);
  await runKubectl('apply', '--server-side', '--force-conflicts', ...each);
  await runKubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', ...names);
}
