/**
 * Finds the programs of a control plane, of Prometheus for the tests of the metrics, and Helm. If a
 * program is missing, it is built from a pinned Go module.
 *
 *     const { etcd } = await findBinaries(['etcd', 'kube-apiserver']);   // absolute paths
 *
 * It searches in this order:
 * 1. the folder KUBEBUILDER_ASSETS, if it is set (as with envtest);
 * 2. the user's cache folder: `<cache>/wave-cron/control-plane/<module>-<version>-<platform>-<hash>/`;
 * 3. otherwise, `go build` builds the requested programs into that cache folder, with progress on
 *   stderr.
 *
 * The hash includes the files of the module's folder and the flags of the build. So after a change
 * of a pin, the old program is not used.
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
  /** A small program of our own that does the same as `promtool check`: see its main.go. */
  | 'promcheck'
  | 'pushgateway'
  | 'helm'
  /** Helm 3. `helm` is Helm 4. */
  | 'helm3'
  /** The controller of Argo Rollouts, which takes some minutes to build. */
  | 'rollouts-controller';

/** The Go module in `go/<name>/`, which pins the versions. */
type GoModule = { name: string; version: string; ldflags: string };

type BinarySource = {
  module: GoModule;
  /** The Go package of the program's `main`. */
  package: string;
  /**
   * If KUBEBUILDER_ASSETS is set, it must contain this program, because a mix of its version and
   * ours would be misleading.
   */
  expectedInAssets: boolean;
};

const kubernetesVersion = 'v1.36.3';

// Without these flags, kubectl cannot parse the version of the server, and the user agents of the
// controllers have no version.
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

// The version of Kubernetes that Helm assumes without a cluster: that of its client-go, as in a
// release of Helm.
const helm3KubernetesFlags = ['pkg/lint/rules', 'pkg/chartutil']
  .map((name) => `helm.sh/helm/v3/${name}`)
  .flatMap((name) => [`-X ${name}.k8sVersionMajor=1`, `-X ${name}.k8sVersionMinor=34`])
  .join(' ');

const argoRolloutsVersion = 'v1.8.3';

const modules = {
  argoRollouts: { name: 'argo-rollouts', version: argoRolloutsVersion, ldflags: '-s -w' },
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
  'rollouts-controller': {
    module: modules.argoRollouts,
    package: 'github.com/argoproj/argo-rollouts/cmd/rollouts-controller',
    expectedInAssets: false,
  },
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
 * The absolute path of each requested program.
 *
 * Throws an Error with one line that says what to do if a program is missing and cannot be built.
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
  // The type of Object.fromEntries does not keep the names.
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

/** The folder of the program in the cache, for use without KUBEBUILDER_ASSETS. */
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
