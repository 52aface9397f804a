/**
 * Plays kubelet and scheduler on a control plane without Nodes, so that shipped manifests can be
 * applied as they are and their Pods run:
 *
 *     const agent = await startNodeAgent({ cluster, namespaces: [namespace], images: { … } });
 *     t.after(() => agent.stop());
 *
 * Pods with the labels `own` run as real processes, in a sandbox of Linux namespaces: under the
 * declared user and groups, with a read-only root, without capabilities and new privileges, with
 * variables, volumes, token, probes, restarts, grace periods and exit codes as declared. Seccomp,
 * AppArmor, limits of CPU and memory and lifecycle hooks are beyond it; whatever of these would
 * change what a test sees is refused in the container's status. All other Pods become Ready without
 * any process, but for those with an image of the tag `broken`, which never do.
 *
 * It sees only Pods of its namespaces: tests share one control plane and run side by side.
 *
 * It binds and keeps its Node by itself. kube-scheduler would bind the Pods of every test as soon
 * as there is one Node, and what is left for KWOK is to call Pods Ready, which stand-in.ts does;
 * both would be programs to build on every fresh machine.
 */

import type { Cluster } from '../control-plane/cluster-folder.ts';
import { randomName } from '../control-plane/testing.ts';
import { connectAs } from './api-access.ts';
import { bind, isForNode } from './binder.ts';
import type { BackOff } from './container-life.ts';
import { follow } from './follow.ts';
import { getThrough, type PodResponse } from './http-get.ts';
import type { Images } from './images.ts';
import { mountPoint } from './mount-point.ts';
import { registerNode, type Toleration } from './node.ts';
import type { Pod } from './pod.ts';
import { podAddresses } from './pod-addresses.ts';
import { startPod } from './pod-life.ts';
import { podTable } from './pod-table.ts';
import { type CrashesWith, type StandIns, standIns } from './stand-in.ts';
import { nodeAgentSupport } from './support.ts';

export type NodeAgentOptions = {
  cluster: Cluster;
  /** Only Pods of these are its concern. */
  namespaces: readonly string[];
  /** By the names that the Pods have for them. */
  images: Images;
  /** The labels of Pods that run as processes; `app.kubernetes.io/name: wave-cron` where not set. */
  own?: Readonly<Record<string, string>>;
  /** More ports of 127.0.0.1 that own Pods can reach there, besides the API server's. */
  ports?: readonly number[];
  /** Whether Pods that are not its own wait for their sources, and what these held is kept. */
  readsSources?: boolean;
  /** Which of these Pods never get Ready because of what the sources held at their start. */
  crashesWith?: CrashesWith;
  /** Before a container is started again; from 0.25 s to 4 s where not set. */
  backOff?: BackOff;
};

export type NodeAgent = {
  nodeName: string;
  /** What the sources held when a Pod that is not its own started, with `readsSources`. */
  startedWith: StandIns['startedWith'];
  /** All that it has on this machine's disk: an empty folder. */
  folder: string;
  /** What a DaemonSet has to tolerate to get a Pod here. */
  toleration: Toleration;
  /** What an own Pod has written so far, also when it is gone; of all runs of all containers, or of one. */
  logs(namespace: string, pod: string, container?: string): string;
  /** The logs of all Pods of a Job, in the order of their starts. */
  jobLogs(namespace: string, job: string): string;
  /** Kills the running container of an own Pod, as a crash would. */
  kill(namespace: string, pod: string, container?: string): void;
  /** Sends a signal to it, such as SIGSTOP. */
  signal(namespace: string, pod: string, signal: NodeJS.Signals, container?: string): void;
  /** GET from a port of an own Pod. Throws where nothing listens there. */
  get(namespace: string, pod: string, port: number, path: string): Promise<PodResponse>;
  /**
   * Kills all Pods and takes them and the Node away; nothing of the agent is left then.
   * Throws what went wrong in the agent itself, if anything did.
   */
  stop(): Promise<void>;
};

const defaultOwn = { 'app.kubernetes.io/name': 'wave-cron' };
const defaultBackOff = { firstMs: 250, longestMs: 4_000 };
const hostIP = '127.0.0.1';

/** Returns when the Node is Ready. Throws where this machine cannot run it; see nodeAgentSupport. */
export async function startNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const support = nodeAgentSupport();
  if (!support.ok) throw new Error(`the node agent cannot run here: ${support.why}`);
  const { cluster, namespaces, own = defaultOwn, images, backOff = defaultBackOff } = options;
  const api = connectAs(cluster, 'wave-cron-test-node-agent');
  const nodeName = randomName('node');
  const node = await registerNode(api, nodeName, hostIP);
  const folder = mountPoint();
  const ports = [Number(new URL(cluster.url).port), ...(options.ports ?? [])] as const;
  const deps = { api, images, nodeName, hostIP, ports, backOff, mountPoint: folder.path };
  const others = standIns(api, options.readsSources === true, options.crashesWith);
  const nextAddress = podAddresses();
  const problems: unknown[] = [];
  const onError = (error: unknown) => problems.push(error);
  const pods = podTable((pod) => startPod(pod, { ...deps, podIP: nextAddress() }, onError));

  const isOwn = ({ metadata: { labels = {} } }: Pod) =>
    Object.entries(own).every(([key, value]) => labels[key] === value);
  const onPod = async (pod: Pod) => {
    if (isForNode(pod, nodeName)) await bind(api, pod, nodeName);
    if (pod.spec.nodeName !== nodeName) return;
    if (isOwn(pod)) pods.see(pod);
    else await others.see(pod, { podIP: nextAddress(), hostIP });
  };
  const following = follow({ api, namespaces, onPod, onPods: pods.forgetOthers, onError });

  return {
    nodeName,
    startedWith: others.startedWith,
    folder: folder.path,
    toleration: node.toleration,
    logs: (namespace, pod, container) => pods.logs(pods.named(namespace, pod), container),
    jobLogs: (namespace, job) => pods.logs(pods.ofJob(namespace, job)),
    kill: (...name) => pods.running(...name).signal('SIGKILL'),
    signal: (namespace, pod, signal, container) =>
      pods.running(namespace, pod, container).signal(signal),
    async get(namespace, pod, port, path) {
      const life = pods.named(namespace, pod).at(-1);
      if (life === undefined) throw new Error(`no Pod ${namespace}/${pod} runs on ${nodeName}`);
      return getThrough(await life.connect(port), path);
    },
    async stop() {
      // Nothing of the agent keeps this process alive; but whoever stops it waits for it.
      const alive = setInterval(() => {}, 60_000);
      await following.stop();
      await pods.end(api);
      await node.remove();
      folder.remove();
      clearInterval(alive);
      if (problems.length > 0) throw new AggregateError(problems, 'the node agent had problems');
    },
  };
}
