/**
 * Pods of other workloads. No process runs for them, but they become Ready, so that rollouts
 * complete.
 */
import { type Api, type KubernetesObject, path } from '../control-plane/api.ts';
import { environmentOf } from './environment.ts';
import { ContainerConfigError } from './errors.ts';
import { type Container, type Pod, type PodStatus, timestamp } from './pod.ts';
import { bytesOf, type SourceKind } from './sources.ts';
import { type ContainerRecord, podStatus } from './status.ts';
import { tryToRemovePod, writeStatus } from './status-writer.ts';

/**
 * A Pod with an image that has this tag never becomes Ready, as if its image could not be pulled.
 */
export const brokenTag = ':broken';

/** The data of the sources when a Pod started. */
export type StartedWith = {
  /** By `ConfigMap/name`. */
  readonly sources: Sources;
  /** In milliseconds, by the clock of this machine; not earlier than the read. */
  readonly at: number;
};

export type Sources = ReadonlyMap<string, ReadonlyMap<string, Buffer>>;

/** Whether a Pod never becomes Ready, because of the data that its sources have at its start. */
export type CrashesWith = (pod: Pod, sources: Sources) => boolean;

export type StandIns = {
  /**
   * Makes a Pod Ready, or removes it if it is being deleted. Does nothing if that is already done.
   */
  see(pod: Pod, addresses: { podIP: string; hostIP: string }): Promise<void>;
  /** By the uid of the Pod; undefined if the Pod has not started. */
  startedWith(uid: string): StartedWith | undefined;
};

/** @param readsSources whether the variables of Pods are read at their start, as a kubelet does */
export function standIns(
  api: Api,
  readsSources: boolean,
  crashesWith: CrashesWith = () => false,
): StandIns {
  const started = new Map<string, StartedWith>();
  return {
    async see(pod, next) {
      if (pod.metadata.deletionTimestamp !== undefined) return tryToRemovePod(api, pod);
      if (isReady(pod.status)) return;
      // A Pod that waited keeps its address.
      const addresses = { ...next, podIP: pod.status?.podIP ?? next.podIP };
      const { containers } = pod.spec;
      const isBroken = containers.some(({ image }) => image.endsWith(brokenTag));
      if (isBroken) return await wait(pod, 'ImagePullBackOff', addresses);
      if (readsSources) {
        const sources = await sourcesOf(api, pod.metadata.namespace);
        if (!(await canStart(pod, sources, addresses.hostIP))) {
          return await wait(pod, 'CreateContainerConfigError', addresses);
        }
        // The data of the first attempt counts, even if the status is written by a later one.
        const { uid } = pod.metadata;
        if (!started.has(uid)) started.set(uid, { sources, at: Date.now() });
        if (crashesWith(pod, started.get(uid)?.sources ?? sources)) {
          return await wait(pod, 'CrashLoopBackOff', addresses);
        }
      }
      await writeStatus(
        api,
        pod,
        statusOf(pod, addresses, { running: { startedAt: timestamp() } }),
      );
    },
    startedWith: (uid) => started.get(uid),
  };

  async function wait(
    pod: Pod,
    reason: string,
    addresses: { podIP: string; hostIP: string },
  ): Promise<void> {
    const state = pod.status?.containerStatuses?.[0]?.state;
    if (state !== undefined && 'waiting' in state && state.waiting.reason === reason) return;
    await writeStatus(api, pod, statusOf(pod, addresses, { waiting: { reason } }));
  }
}

async function sourcesOf(api: Api, namespace: string): Promise<Sources> {
  const kinds: readonly SourceKind[] = ['ConfigMap', 'Secret'];
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const objects = await api.list<KubernetesObject>(path(kind, namespace));
      return objects.map((each) => [`${kind}/${each.metadata.name}`, bytesOf(each, kind)] as const);
    }),
  );
  return new Map(lists.flat());
}

/** Whether all required sources and keys of its variables exist. */
async function canStart(pod: Pod, sources: Sources, hostIP: string): Promise<boolean> {
  const read = async (kind: SourceKind, name: string) => sources.get(`${kind}/${name}`);
  const options = {
    ...{ pod, image: {} as never, read, apiServer: { host: hostIP, port: '443' } },
    placement: {} as never,
  };
  try {
    for (const container of pod.spec.containers) await environmentOf({ ...options, container });
    return true;
  } catch (error) {
    if (error instanceof ContainerConfigError) return false;
    throw error;
  }
}

function statusOf(
  pod: Pod,
  { podIP, hostIP }: { podIP: string; hostIP: string },
  state: ContainerRecord['state'],
): PodStatus {
  const startTime = timestamp();
  const { initContainers = [], containers } = pod.spec;
  const completed = {
    terminated: {
      ...{ exitCode: 0, reason: 'Completed', containerID: '' },
      ...{ startedAt: startTime, finishedAt: startTime },
    },
  };
  return podStatus({
    ...{ pod, podIP, hostIP, startTime, failure: undefined },
    init: initContainers.map((container) => recordOf(container, completed, false)),
    containers: containers.map((container) => recordOf(container, state, 'running' in state)),
  });
}

function isReady({ conditions = [] }: PodStatus = {}): boolean {
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

function recordOf(
  { name, image }: Container,
  state: ContainerRecord['state'],
  ready: boolean,
): ContainerRecord {
  return { name, image, state, ready, started: ready, last: undefined, restarts: 0 };
}
