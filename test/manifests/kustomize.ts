/** Builds and applies the shipped manifests with kubectl as users do, through overlays that the tests write. */
import { execFile } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { Fields, KubernetesObject } from '../../tools/control-plane/api.ts';
import { testCluster } from '../../tools/control-plane/testing.ts';

export const manifests = join(import.meta.dirname, '../../manifests');

/**
 * The fields of a kustomization.yaml. `resources` are folders of the manifests or files in the same folder.
 * `components` are folders of the manifests.
 */
export type Overlay = Fields & { resources: readonly string[]; components?: readonly string[] };

// kustomize does not follow symbolic links to other folders.
const folders = realpathSync(mkdtempSync(join(tmpdir(), 'wave-cron-overlays-')));
process.once('exit', () => rmSync(folders, { recursive: true }));

/** Creates an empty folder. It is deleted when the process ends. */
export const emptyFolder = (): string => mkdtempSync(join(folders, 'overlay-'));

/** Creates a folder with this kustomization and other files. It is deleted when the process ends. */
export function overlay(
  { resources, components = [], ...fields }: Overlay,
  files: Readonly<Record<string, string>> = {},
): string {
  const folder = emptyFolder();
  // kustomize does not accept absolute paths.
  const inManifests = (name: string) => relative(folder, join(manifests, name));
  const kustomization = {
    ...fields,
    resources: resources.map((name) => (name in files ? name : inManifests(name))),
    components: components.map(inManifests),
  };
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** The file of an overlay with the number of shards for the component `sharded`. */
export const shardsFile = (count: number): Readonly<Record<string, string>> => ({
  'shards.yaml': JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'wave-cron-shards',
      annotations: { 'config.kubernetes.io/local-config': 'true' },
    },
    data: { count: String(count) },
  }),
});

/** Returns the objects of a kustomization. Throws with kubectl's output if it fails or prints a warning. */
export async function build(folder: string): Promise<KubernetesObject[]> {
  const { stdout, stderr } = await promisify(execFile)('kubectl', ['kustomize', folder]);
  if (stderr !== '') throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw problem;
    return document.toJS() as KubernetesObject;
  });
}

export type KubectlRun = { stdout: string; stderr: string };

/** Runs kubectl as the administrator. stderr contains the warnings of the API server. */
export async function runKubectl(...args: readonly string[]): Promise<KubectlRun> {
  const { kubeconfig } = testCluster().cluster;
  return promisify(execFile)('kubectl', ['--kubeconfig', kubeconfig, ...args]);
}

/** Returns the only object of a kind, or of a kind and name. Throws if there is none or more than one. */
export function objectOf<T extends KubernetesObject = KubernetesObject>(
  objects: readonly KubernetesObject[],
  kind: string,
  name?: string,
): T {
  const found = objects.filter(
    (it) => it.kind === kind && (name === undefined || it.metadata.name === name),
  );
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`${found.length} objects are ${kind} ${name ?? ''}, and not one`);
  }
  return first as T;
}
