/**
 * Acts as kubelet and scheduler on a control plane without Nodes, so that the shipped manifests can
 * be applied unchanged and their Pods run:
 *
 *     const agent = await startNodeAgent({ cluster, namespaces: [namespace], images: { … } });
 *     t.after(() => agent.stop());
 *
 * Pods with the labels `own` run as real processes in a sandbox of Linux namespaces. It supports
 * users and groups, a read-only root, dropped capabilities, variables, volumes, tokens, probes,
 * restarts, grace periods and exit codes. It does not support seccomp, AppArmor, limits of CPU and
 * memory, or lifecycle hooks. If one of these would change the result of a test, the container is
 * rejected in its status. All other Pods become Ready without a process. Only Pods with an image
 * that has the tag `broken` never become Ready.
 *
 * It handles only the Pods of its namespaces, because tests share one control plane and run in
 * parallel.
 *
 * It binds Pods and registers its Node without other programs. kube-scheduler would bind the Pods
 * of every test as soon as there is one Node. KWOK would only set Pods to Ready, which stand-in.ts
 * does. And both programs would have to be built on every new machine.
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
  /** Only Pods in these namespaces are handled. */
  namespaces: readonly string[];
  /** The images by their names in the Pods. */
  images: Images;
  /** The labels of Pods that run as processes. Default: `app.kubernetes.io/name: wave-cron`. */
  own?: Readonly<Record<string, string>>;
  /** Ports of 127.0.0.1 that Pods with the labels in `own` can reach, in addition to the port of the API server. */
  ports?: readonly number[];
  /**
   * If true, Pods without the labels in `own` wait for their sources, and the agent keeps the data
   * that these Pods read.
   */
  readsSources?: boolean;
  /** Whether a Pod never becomes Ready because of the data of its sources when it starts. */
  crashesWith?: CrashesWith;
  /** The pause before a container is restarted. Default: from 0.25 s to 4 s. */
  backOff?: BackOff;
};

export type NodeAgent = {
  nodeName: string;
  /** The data of the sources at the start of a Pod without the labels in `own`. Only with `readsSources`. */
  startedWith: StandIns['startedWith'];
  /** The only folder of the agent on this machine's disk. The folder is empty. */
  folder: string;
  /** The toleration that a DaemonSet needs to get a Pod here. */
  toleration: Toleration;
  /**
   * The log of a Pod that matches `own`, even if the Pod was deleted: the lines of all runs of all
   * containers, or of one container.
   */
  logs(namespace: string, pod: string, container?: string): string;
  /** The logs of all Pods of a Job, in the order of their start times. */
  jobLogs(namespace: string, job: string): string;
  /** Kills the running container of a Pod that matches `own`, as a crash would. */
  kill(namespace: string, pod: string, container?: string): void;
  /** Sends a signal, such as SIGSTOP, to the running container of a Pod that matches `own`. */
  signal(namespace: string, pod: string, signal: NodeJS.Signals, container?: string): void;
  /** Sends a GET to a port of a Pod that matches `own`. Throws if no process listens there. */
  get(namespace: string, pod: string, port: number, path: string): Promise<PodResponse>;
  /**
   * Kills all Pods, and deletes them and the Node. Nothing of the agent is left. Throws if the
   * agent itself had an error.
   */
  stop(): Promise<void>;
};

const defaultOwn = { 'app.kubernetes.io/name': 'wave-cron' };
const defaultBackOff = { firstMs: 250, longestMs: 4_000 };
const hostIP = '127.0.0.1';

/**
 * Resolves when the Node is Ready. Throws if this machine cannot run the agent: see
 * nodeAgentSupport.
 */
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
      // The agent does not keep this process alive. A call of `stop` does.
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
