/**
 * The programs of a control plane, those of Prometheus that tests of the metrics need, and Helm: found,
 * or built from pinned Go modules.
 *
 *     const { etcd } = await findBinaries(['etcd', 'kube-apiserver']);   // absolute paths
 *
 * Looked for in this order:
 * 1. the folder KUBEBUILDER_ASSETS, where it is set (the convention of envtest);
 * 2. the user's cache folder: `<cache>/wave-cron/control-plane/<module>-<version>-<platform>-<hash>/`;
 * 3. built into that cache folder by `go build`, only what was asked for, with progress on stderr.
 *
 * The hash covers the files of the module's folder and the build's flags, so that a changed pin never
 * meets an old program.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Build, buildBinaries } from './build.ts';

export type BinaryName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  /** What `promtool check` does: a small program of our own, see its main.go. */
  | 'promcheck'
  | 'pushgateway'
  | 'helm'
  /** Helm 3, beside `helm`, which is Helm 4. */
  | 'helm3';

/** A Go module of `go/<name>/`, which pins what it builds. */
type GoModule = { name: string; version: string; ldflags: string };

type BinarySource = {
  module: GoModule;
  /** The Go package of its `main`. */
  package: string;
  /** KUBEBUILDER_ASSETS, where it is set, has to hold it: mixing its version with ours would mislead. */
  expectedInAssets: boolean;
};

const kubernetesVersion = 'v1.36.3';

// Without these kubectl cannot read the server's version and the user agents of controllers are nonsense.
const kubernetesVersionFlags = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
  .flatMap((variable) => [
    `-X ${variable}.gitVersion=${kubernetesVersion}`,
    `-X ${variable}.gitMajor=1`,
    `-X ${variable}.gitMinor=36`,
    `-X ${variable}.gitTreeState=clean`,
    `-X ${variable}.buildDate=2026-07-22T18:07:38Z`,
  ])
  .join(' ');

const helmVersion = 'v4.3.1';
const helm3Version = 'v3.19.5';

// The Kubernetes that it takes a chart to be for when it asks none: that of its client-go, as in a release.
const helm3KubernetesFlags = ['pkg/lint/rules', 'pkg/chartutil']
  .map((name) => `helm.sh/helm/v3/${name}`)
  .flatMap((name) => [`-X ${name}.k8sVersionMajor=1`, `-X ${name}.k8sVersionMinor=34`])
  .join(' ');

const modules = {
  etcd: { name: 'etcd', version: 'v3.6.16', ldflags: '-s -w' },
  kubernetes: {
    name: 'kubernetes',
    version: kubernetesVersion,
    ldflags: `-s -w ${kubernetesVersionFlags}`,
  },
  prometheus: { name: 'prometheus', version: 'v0.316.0', ldflags: '-s -w' },
  pushgateway: { name: 'pushgateway', version: 'v1.11.1', ldflags: '-s -w' },
  helm: {
    name: 'helm',
    version: helmVersion,
    ldflags: `-s -w -X helm.sh/helm/v4/internal/version.version=${helmVersion}`,
  },
  helm3: {
    name: 'helm3',
    version: helm3Version,
    ldflags: `-s -w -X helm.sh/helm/v3/internal/version.version=${helm3Version} ${helm3KubernetesFlags}`,
  },
} as const satisfies Record<string, GoModule>;

const kubernetes = (command: string, expectedInAssets: boolean): BinarySource => ({
  module: modules.kubernetes,
  package: `k8s.io/kubernetes/cmd/${command}`,
  expectedInAssets,
});

const sources: Readonly<Record<BinaryName, BinarySource>> = {
  etcd: { module: modules.etcd, package: 'go.etcd.io/etcd/server/v3', expectedInAssets: true },
  'kube-apiserver': kubernetes('kube-apiserver', true),
  'kube-controller-manager': kubernetes('kube-controller-manager', true),
  'kube-scheduler': kubernetes('kube-scheduler', false),
  promcheck: { module: modules.prometheus, package: '.', expectedInAssets: false },
  pushgateway: {
    module: modules.pushgateway,
    package: 'github.com/prometheus/pushgateway',
    expectedInAssets: false,
  },
  helm: { module: modules.helm, package: 'helm.sh/helm/v4/cmd/helm', expectedInAssets: false },
  helm3: { module: modules.helm3, package: 'helm.sh/helm/v3/cmd/helm', expectedInAssets: false },
};

/**
 * The absolute path of each program that is asked for.
 *
 * Throws an Error of one line that says what to do where a program is neither there nor can be built.
 */
export async function findBinaries<Name extends BinaryName>(
  names: readonly Name[],
): Promise<Record<Name, string>> {
  const wanted = [...new Set(names)].map((name) => ({ name, file: locate(name) }));
  const missing = wanted.filter(({ file }) => !isExecutable(file)).map(({ name }) => name);
  if (missing.length > 0) {
    await buildBinaries(missing.map(buildOf));
  }
  const found = wanted.map(({ name, file }) => [name, file] as const);
  // Object.fromEntries forgets the names that it was given.
  return Object.fromEntries(found) as Record<Name, string>;
}

function buildOf(name: BinaryName): Build {
  const { module, package: goPackage } = sources[name];
  return {
    name,
    package: goPackage,
    moduleFolder: moduleFolder(module),
    ldflags: module.ldflags,
    folder: cacheFolder(name),
  };
}

function locate(name: BinaryName): string {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets) {
    const file = join(assets, name);
    if (isExecutable(file)) return file;
    if (sources[name].expectedInAssets) throw missingInAssets(name, assets);
  }
  return join(cacheFolder(name), name);
}

function missingInAssets(name: BinaryName, assets: string): Error {
  const why =
    name === 'kube-controller-manager'
      ? ' (setup-envtest does not bring it: take it from the Kubernetes release of the same version)'
      : '';
  return new Error(
    `KUBEBUILDER_ASSETS is ${assets}, but ${name} is not there${why}; put it there, or unset KUBEBUILDER_ASSETS to have all programs built from source`,
  );
}

/** Where the program is looked for and built to, when KUBEBUILDER_ASSETS does not give it. */
export function cacheFolder(name: BinaryName): string {
  const { module } = sources[name];
  const hash = createHash('sha256').update(module.ldflags);
  for (const file of readdirSync(moduleFolder(module)).sort())
    hash.update(readFileSync(join(moduleFolder(module), file)));
  const digest = hash.digest('hex').slice(0, 12);
  const platform = `${process.platform}-${process.arch}`;
  return join(cacheRoot(), `${module.name}-${module.version}-${platform}-${digest}`);
}

/** The folder of a Go module's go.mod. */
function moduleFolder(module: GoModule): string {
  return join(import.meta.dirname, 'go', module.name);
}

/** The folder of all built programs, of every version. */
function cacheRoot(): string {
  const xdg = process.env['XDG_CACHE_HOME'];
  const fallback = process.platform === 'darwin' ? 'Library/Caches' : '.cache';
  return join(xdg || join(homedir(), fallback), 'wave-cron', 'control-plane');
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
