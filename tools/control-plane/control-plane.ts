/**
 * A real control plane: etcd, kube-apiserver and kube-controller-manager on loopback, in their own
 * folder. RBAC, service accounts with TokenRequest, garbage collection and all workload controllers
 * work. There is no scheduler and no kubelet, so Pods stay Pending.
 *
 *     const controlPlane = await startControlPlane({ auditLog: true });
 *     …                                          // controlPlane.kubeconfig, .url, .kubeconfigFor(…)
 *     await controlPlane.stop();                 // or stop({ keepLogs: true }) after a failure
 *
 * The programs end with this process and their folder is deleted, even after kill -9. The programs
 * do not keep this process alive.
 */
import { randomInt } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, path } from './api.ts';
import { auditPolicy } from './audit.ts';
import { findBinaries } from './binaries.ts';
import {
  clientCertificate,
  createAuthority,
  type KeyPair,
  serverCertificate,
  tokenSigningKey,
} from './certificates.ts';
import { type Cluster, connect, openCluster, paths } from './cluster-folder.ts';
import { kubeconfig } from './kubeconfig.ts';
import { type Programs, startPrograms } from './programs.ts';

export type ControlPlaneOptions = {
  /**
   * Whether there is an audit log: one JSON line for each finished request, at level Metadata; see
   * audit.ts.
   */
  auditLog?: boolean;
  /** Admission plugins in addition to the defaults of the API server. */
  admissionPlugins?: readonly string[];
  /** More flags for the API server, such as `--feature-gates=…`. */
  apiServerFlags?: readonly string[];
};

export type StopOptions = {
  /**
   * Where to keep the logs. `true`: in a new folder next to that of the control plane; a path: in
   * that folder. The path is printed on stderr.
   */
  keepLogs?: boolean | string;
};

export type ControlPlane = Cluster & {
  stop(options?: StopOptions): Promise<void>;
  /** Stops the API server like a crash: connections break, and new ones are refused. */
  stopApiServer(): Promise<void>;
  /** Starts the API server again with the same port and data. Resolves when it is ready. */
  startApiServer(): Promise<void>;
  /** The process ids of the running programs, by name. */
  pids: Readonly<Partial<Record<ProgramName, number>>>;
};

const programNames = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const;

type ProgramName = (typeof programNames)[number];

const startTimeoutMs = 90_000;
const pollMs = 25;

// The socket is relative to the folder, which is the working directory of every program. A socket
// needs no free port, other users of the machine cannot use it, and a relative path is not too long
// for it.
const etcdSocket = 'unix://etcd.sock:0';
const etcdPeerSocket = 'unix://etcd-peer.sock:0';

/**
 * Starts a control plane. Resolves when its API server is ready and its controllers work.
 *
 * Throws if a program is not available: see binaries.ts. If a program ends, or is not ready in
 * time, it throws an error with its last log lines and removes everything.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = await findBinaries(programNames);
  const programs = await startPrograms();
  try {
    return await startIn(programs, binaries, options);
  } catch (error) {
    await programs.end();
    throw error;
  }
}

async function startIn(
  programs: Programs,
  binaries: Readonly<Record<ProgramName, string>>,
  options: ControlPlaneOptions,
): Promise<ControlPlane> {
  const { folder } = programs;
  const port = await freePort();
  writeFiles(folder, `https://127.0.0.1:${port}`, options.auditLog === true);
  const cluster = openCluster(folder);
  const api = connect(cluster);
  const pids: Partial<Record<ProgramName, number>> = {};
  const start = async (name: ProgramName, flags: readonly string[]) => {
    pids[name] = (await programs.start(name, binaries[name], flags)).pid;
  };
  const startApiServer = async () => {
    await start('kube-apiserver', apiServerFlags(port, options));
    await ready(programs, ['etcd', 'kube-apiserver'], () => api.text('/readyz'));
  };
  await start('etcd', etcdFlags);
  await startApiServer();
  await start('kube-controller-manager', controllerManagerFlags);
  await ready(programs, programNames, () => controllersWork(api));
  return {
    ...cluster,
    pids,
    startApiServer,
    async stopApiServer() {
      await programs.kill('kube-apiserver');
      delete pids['kube-apiserver'];
    },
    async stop({ keepLogs = false } = {}) {
      if (keepLogs !== false) copyLogs(folder, keepLogs === true ? undefined : keepLogs);
      await programs.end();
    },
  };
}

function writeFiles(folder: string, url: string, auditLog: boolean): void {
  const authority = createAuthority();
  const tokens = tokenSigningKey();
  const server = serverCertificate(authority, ['127.0.0.1', 'localhost', 'kubernetes.default.svc']);
  const kubeconfigOf = (credentials: KeyPair) =>
    kubeconfig({ url, authority: authority.certificate, credentials });
  const masters = (commonName: string) =>
    kubeconfigOf(clientCertificate(authority, { commonName, organizations: ['system:masters'] }));
  const files = {
    [paths.authority]: authority.certificate,
    [paths.authorityKey]: authority.key,
    'pki/apiserver.crt': server.certificate,
    'pki/apiserver.key': server.key,
    'pki/tokens.key': tokens.privateKey,
    'pki/tokens.pub': tokens.publicKey,
    'controller-manager.kubeconfig': masters('system:kube-controller-manager'),
    'audit-policy.json': JSON.stringify(auditPolicy),
    [paths.kubeconfig]: masters('wave-cron-test-admin'),
    [paths.url]: url,
    ...(auditLog ? { [paths.auditLog]: '' } : {}),
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }
}

const etcdFlags = [
  '--data-dir=etcd',
  `--listen-client-urls=${etcdSocket}`,
  `--advertise-client-urls=${etcdSocket}`,
  `--listen-peer-urls=${etcdPeerSocket}`,
  `--initial-advertise-peer-urls=${etcdPeerSocket}`,
  `--initial-cluster=default=${etcdPeerSocket}`,
  // The data is deleted with the processes, so etcd need not wait for the disk.
  '--unsafe-no-fsync',
  '--log-level=warn',
];

function apiServerFlags(port: number, options: ControlPlaneOptions): string[] {
  const { auditLog = false, admissionPlugins = [], apiServerFlags: more = [] } = options;
  return [
    `--etcd-servers=${etcdSocket}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--tls-cert-file=pki/apiserver.crt',
    '--tls-private-key-file=pki/apiserver.key',
    '--client-ca-file=pki/ca.crt',
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-account-signing-key-file=pki/tokens.key',
    '--service-account-key-file=pki/tokens.pub',
    '--service-cluster-ip-range=10.96.0.0/16',
    // The endpoint of the Service `kubernetes` must not be a loopback address, so it is disabled.
    '--endpoint-reconciler-type=none',
    '--profiling=false',
    ...(auditLog ? auditFlags : []),
    ...(admissionPlugins.length > 0
      ? [`--enable-admission-plugins=${admissionPlugins.join(',')}`]
      : []),
    ...more,
  ];
}

const auditFlags = [
  `--audit-log-path=${paths.auditLog}`,
  '--audit-policy-file=audit-policy.json',
  // The unit is MB. The readers of the log keep positions in the file, so it must not be rotated.
  '--audit-log-maxsize=100000',
];

const controllerManagerFlags = [
  '--kubeconfig=controller-manager.kubeconfig',
  '--leader-elect=false',
  '--secure-port=0',
  '--service-account-private-key-file=pki/tokens.key',
  '--root-ca-file=pki/ca.crt',
  // With the default of 20 requests per second, the controllers are slow in tests.
  '--kube-api-qps=1000',
  '--kube-api-burst=2000',
  '--profiling=false',
];

/** Resolves when `probe` succeeds, and throws as soon as one of the programs has ended. */
async function ready(
  programs: Programs,
  names: readonly ProgramName[],
  probe: () => Promise<unknown>,
): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    const dead = names.find((name) => programs.howEnded(name) !== undefined);
    if (dead !== undefined) {
      throw new Error(
        `${dead} ended while the control plane was starting (${programs.howEnded(dead)}):\n${programs.lastLogLines(dead)}`,
      );
    }
    try {
      await probe();
      return;
    } catch (error) {
      const last = names.at(-1) ?? 'etcd';
      if (performance.now() > deadline) {
        throw new Error(
          `${last} was not ready after ${startTimeoutMs / 1000} s (${error instanceof Error ? error.message : error}):\n${programs.lastLogLines(last)}`,
        );
      }
    }
    await sleep(pollMs);
  }
}

/** Whether the controllers work: one of them has created the objects that every namespace gets. */
async function controllersWork(api: Api): Promise<void> {
  await api.get(path('ServiceAccount', 'default', 'default'));
}

function copyLogs(folder: string, wanted: string | undefined): void {
  const target = wanted ?? join(tmpdir(), `${basename(folder)}-logs`);
  cpSync(join(folder, paths.logs), target, { recursive: true });
  process.stderr.write(`the logs of the control plane are in ${target}\n`);
}

// The port is below the range for outgoing connections, which begins at 32768 or 49152. So it is
// still free when the API server starts again.
const lowestPort = 20_000;
const highestPort = 32_000;

async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowestPort, highestPort);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.on('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}
