/**
 * `npm run cluster`: a control plane to play with, until Ctrl-C. What a shell can evaluate goes to
 * stdout, what a person reads to stderr:
 *
 *     node test/control-plane/cluster.ts
 */
import { once } from 'node:events';
import { startControlPlane } from './control-plane.ts';
import { controlPlaneVariable } from './testing.ts';

const say = (text: string) => process.stderr.write(`${text}\n`);

say('starting etcd, kube-apiserver and kube-controller-manager …');
const controlPlane = await startControlPlane({ auditLog: true });
process.stdout.write(`export KUBECONFIG=${controlPlane.kubeconfig}\n`);
process.stdout.write(`export ${controlPlaneVariable}=${controlPlane.folder}\n`);
say(`it answers at ${controlPlane.url}; its files and logs are in ${controlPlane.folder}`);
say('paste the lines above into another terminal; tests started there use this one too');
say('Ctrl-C ends it');

const alive = setInterval(() => {}, 60_000);
const ended = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal));
await Promise.race(ended);
clearInterval(alive);
await controlPlane.stop();
say('the control plane and its folder are gone');
