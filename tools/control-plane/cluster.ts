/**
 * `npm run cluster` starts a control plane that runs until Ctrl-C. Variables for a shell go to
 * stdout, and text for people goes to stderr:
 *
 *     node tools/control-plane/cluster.ts
 */
import { startControlPlane } from './control-plane.ts';
import { announce } from './running-cluster.ts';

const say = (text: string) => process.stderr.write(`${text}\n`);

say('starting etcd, kube-apiserver and kube-controller-manager …');
const controlPlane = await startControlPlane({ auditLog: true });
const takeBack = announce(controlPlane);
process.stdout.write(`export KUBECONFIG=${controlPlane.kubeconfig}\n`);
say(`it answers at ${controlPlane.url}; its files and logs are in ${controlPlane.folder}`);
say('kubectl and wave-cron use it in a terminal into which you paste the line above');
say('tests of single files, npm run test:for and npm run dev find it by themselves');
say('Ctrl-C ends it');

const { promise: ended, resolve: end } = Promise.withResolvers<void>();
// The listeners stay after the first Ctrl-C, because npm sends the signal again after the terminal.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end());
const alive = setInterval(() => {}, 60_000);
await ended;
clearInterval(alive);
takeBack();
await controlPlane.stop();
say('the control plane and its folder are gone');
