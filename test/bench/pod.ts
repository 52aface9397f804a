/**
 * Runs programs like a Pod of the shipped CronJob: with the service account of the manifests, its token and
 * certificate at the paths of a kubelet, and without a kubeconfig. The files exist only in a mount namespace,
 * which the benchmark enters when it starts.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Api, path } from '../../tools/control-plane/api.ts';
import { findBinaries } from '../../tools/control-plane/binaries.ts';
import type { ControlPlane } from '../../tools/control-plane/control-plane.ts';

const inside = 'BENCH_IN_MOUNT_NAMESPACE';
export const account = '/var/run/secrets/kubernetes.io/serviceaccount';
const root = join(import.meta.dirname, '../..');

/**
 * Starts this program again in a mount namespace, and ends with the status of that process. Inside the
 * namespace, it just returns. Without root, this needs user namespaces.
 */
export async function enterMountNamespace(): Promise<void> {
  if (process.env[inside] !== undefined) {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/var/run']);
    return;
  }
  // Downloads and builds must be done before, because name resolution does not work inside.
  await findBinaries(['etcd', 'kube-apiserver', 'kube-controller-manager']);
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const unshare = ['--mount', ...user, '--'];
  if (spawnSync('unshare', [...unshare, 'true']).status !== 0) {
    throw new Error('unshare makes no mount namespace here: run as root, or allow user namespaces');
  }
  const child = spawn(
    'unshare',
    [...unshare, ...process.execArgv, process.execPath, ...process.argv.slice(1)],
    {
      stdio: 'inherit',
      env: { ...process.env, [inside]: 'yes' },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  process.exit(
    await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1))),
  );
}

/** The environment of a Pod of the installed CronJob. */
export type PodEnvironment = Readonly<Record<string, string>>;

export interface Pod {
  readonly environment: PodEnvironment;
  /**
   * Puts the files of this Pod's service account at the paths of a kubelet, in place of the files
   * of another Pod.
   */
  readonly enter: () => void;
}

/**
 * Turns off the limit on rollouts, because a benchmark changes each source many times per hour. Earlier builds
 * do not have this setting, and would refuse it.
 */
function withoutLimit(checkout: string): string {
  const defaults = readFileSync(join(checkout, 'manifests/chart/setting-defaults.json'), 'utf8');
  return 'rollouts' in JSON.parse(defaults) ? 'rollouts: { limit: { count: 0 } }\n' : '';
}

/** The shipped CronJob, or the shipped Deployment with the component watch-secrets. */
export type Form = 'cronjob' | 'watching deployment';

/**
 * Installs a form in such a way that the cluster runs no Pod of it.
 *
 * @param checkout the checkout with the manifests
 * @param folder a folder for the files of its Pods
 */
export async function install(
  { kubeconfig, caFile, url }: ControlPlane,
  api: Api,
  checkout: string,
  folder: string,
  form: Form,
): Promise<Pod> {
  const namespace = 'wave-cron';
  const kubectl = (...args: string[]): void => {
    execFileSync('kubectl', ['--kubeconfig', kubeconfig, '-n', namespace, ...args], {
      stdio: 'pipe',
    });
  };
  if (form === 'cronjob') {
    kubectl('apply', '-k', join(checkout, 'manifests/cronjob'));
    kubectl('patch', 'cronjob', 'wave-cron', '-p', '{"spec":{"suspend":true}}');
  } else {
    kubectl('apply', '-k', watchingDeployment(checkout, folder));
    kubectl('scale', 'deployment', 'wave-cron', '--replicas=0');
  }
  const { status } = await api.post<{ status: { token: string } }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/wave-cron/token`,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 36_000 },
    },
  );
  const settings = join(folder, 'settings.yaml');
  // The name of the shipped ConfigMap ends with a hash.
  const configMaps = await api.list(path('ConfigMap', namespace));
  const shipped = configMaps.find(({ metadata }) => metadata.name.startsWith('wave-cron-settings'));
  const text = shipped?.data?.['settings.yaml'];
  if (text === undefined) throw new Error(`${checkout}/manifests bring no settings`);
  writeFileSync(settings, `${text}${withoutLimit(checkout)}`);
  const { hostname, port } = new URL(url);
  return {
    environment: {
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
      POD_NAME: 'wave-cron-bench',
      POD_NAMESPACE: namespace,
      POD_UID: '00000000-0000-4000-8000-000000000000',
      WAVE_CONFIG: settings,
    },
    enter() {
      mkdirSync(account, { recursive: true });
      cpSync(caFile, join(account, 'ca.crt'));
      writeFileSync(join(account, 'token'), status.token);
      writeFileSync(join(account, 'namespace'), namespace);
    },
  };
}

/** Creates a folder with the kustomization of the watching Deployment. */
function watchingDeployment(checkout: string, folder: string): string {
  const overlay = join(folder, 'form');
  mkdirSync(overlay);
  // kustomize does not accept absolute paths, and does not follow symbolic links.
  const to = (name: string): string =>
    relative(realpathSync(overlay), join(realpathSync(checkout), 'manifests', name));
  const kustomization = {
    resources: [to('deployment')],
    components: [to('components/watch-secrets')],
  };
  writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization));
  return overlay;
}
