/**
 * `npm run dev`: runs the program from its source, with a pass every five seconds over the example on a
 * real control plane, and restarts it whenever one of its files is saved. It uses the control plane that
 * already runs (`npm run cluster`), or starts one. Arguments after `--` go to `wave-cron schedule`:
 *
 *     npm run dev -- --log-level debug
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openCluster } from '../../tools/control-plane/cluster-folder.ts';
import { startControlPlane } from '../../tools/control-plane/control-plane.ts';
import {
  announce,
  controlPlaneVariable,
  runningCluster,
} from '../../tools/control-plane/running-cluster.ts';

const root = join(import.meta.dirname, '../..');
const namespace = 'wave-cron-example';
const say = (text: string) => process.stderr.write(`dev: ${text}\n`);

// The listeners stay after the first signal, because npm passes on a Ctrl-C that the terminal has already
// sent.
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stop.abort());

const folder = runningCluster(process.env);
if (folder === undefined) say('starting etcd, kube-apiserver and kube-controller-manager …');
const own = folder === undefined ? await startControlPlane({ auditLog: true }) : undefined;
const cluster = own ?? openCluster(folder ?? '');
const takeBack = own === undefined ? () => {} : announce(own);
try {
  const kubectl = ['--kubeconfig', cluster.kubeconfig];
  const example = join(root, 'manifests/example');
  await promisify(execFile)('kubectl', [...kubectl, 'apply', '-k', example]);
  say(`${cluster.url} has the example; another terminal changes it and sees the next pass act:`);
  say(`export KUBECONFIG=${cluster.kubeconfig}`);
  say(`kubectl -n ${namespace} edit configmap web-config`);
  if (!stop.signal.aborted) await passes();
} finally {
  takeBack();
  await own?.stop();
}
say(
  own === undefined ? 'ended; the control plane goes on' : 'ended, and the control plane is gone',
);

/** Runs until a signal stops it, or until Node ends. */
async function passes(): Promise<void> {
  const watch = ['--watch', '--watch-preserve-output', join(root, 'jobs/main.ts')];
  const flags = ['--kubeconfig', cluster.kubeconfig, '--listen', '127.0.0.1:0'];
  const scope = ['--namespaces', namespace, '--lease-namespace', namespace];
  const pace = ['--resync-interval', '5s', '--lease-duration-seconds', '5'];
  const own = process.argv.slice(2);
  const args = [...watch, 'schedule', ...flags, ...scope, ...pace, ...own];
  // The child has its own process group. Otherwise, a Ctrl-C would reach it in addition to our signal, and
  // the second of two signals cuts a pass short. The environment omits the variable of the tests, because
  // the program would reject it as an unknown setting.
  const { [controlPlaneVariable]: _ours, ...env } = process.env;
  const how = { cwd: root, env, stdio: 'inherit', detached: true } as const;
  const child = spawn(process.execPath, args, how);
  const end = () => child.kill('SIGTERM');
  stop.signal.addEventListener('abort', end);
  if (stop.signal.aborted) end();
  await once(child, 'close');
}
