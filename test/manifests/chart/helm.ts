/** Renders and installs the Helm chart with the real Helm, in both major versions in use. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { Fields, KubernetesObject } from '../../../tools/control-plane/api.ts';
import { findBinaries } from '../../../tools/control-plane/binaries.ts';
import { chart } from './described-values.ts';

const home = mkdtempSync(join(tmpdir(), 'wave-cron-helm-'));
process.once('exit', () => rmSync(home, { recursive: true }));

/** The environment for Helm. It points to other caches and another kubeconfig than the user's own. */
export function helmEnvironment(kubeconfig = join(home, 'none')): Record<string, string> {
  return {
    ...{ PATH: process.env['PATH'] ?? '', HOME: home, KUBECONFIG: kubeconfig },
    ...{ HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home },
  };
}

export type HelmRun = { stdout: string; stderr: string };

/** The programs of Helm 4 and Helm 3. */
export const helms = ['helm', 'helm3'] as const;
export type Helm = (typeof helms)[number];

/** Runs Helm. If it fails, the error contains its output. */
export async function runHelm(
  args: readonly string[],
  kubeconfig?: string,
  helm: Helm = 'helm',
): Promise<HelmRun> {
  const { [helm]: program } = await findBinaries([helm]);
  return promisify(execFile)(program, [...args], { env: helmEnvironment(kubeconfig) });
}

let files = 0;

/** Returns the arguments that pass values to Helm. */
export function valuesFile(values: Fields): string[] {
  files += 1;
  const file = join(home, `values-${files}.yaml`);
  // JSON keeps each value exactly as the test wrote it.
  writeFileSync(file, JSON.stringify(values));
  return ['--values', file];
}

export type Rendering = {
  /** Values in addition to the image. */
  values?: Fields;
  namespace?: string;
  release?: string;
  kubeVersion?: string;
  /** A folder or a package. Default: the chart of this repository. */
  from?: string;
  /** Default: Helm 4. */
  helm?: Helm;
};

export const image = { repository: 'registry.example.com/wave-cron', tag: 'test' };

/** Returns the output of `helm template`. */
export async function template({
  values = {},
  namespace = 'wave-cron',
  release = 'wave-cron',
  kubeVersion,
  from = chart,
  helm = 'helm',
}: Rendering = {}): Promise<string> {
  const args = ['template', release, from, '--namespace', namespace];
  const version = kubeVersion === undefined ? [] : ['--kube-version', kubeVersion];
  const given = [...args, ...version, ...valuesFile({ image, ...values })];
  return (await runHelm(given, undefined, helm)).stdout;
}

export async function render(rendering: Rendering = {}): Promise<KubernetesObject[]> {
  const text = await template(rendering);
  return parseAllDocuments(text)
    .map((document) => {
      const [problem] = document.errors;
      if (problem !== undefined) throw problem;
      return document.toJS() as KubernetesObject | null;
    })
    .filter((object) => object !== null);
}
