/** The own Pods of the agent: running ones, and earlier ones for their logs. */
import type { Api } from '../control-plane/api.ts';
import type { ContainerLife } from './container-life.ts';
import type { Pod } from './pod.ts';
import type { PodLife } from './pod-life.ts';
import { tryToRemovePod } from './status-writer.ts';

export type PodTable = {
  /** Starts a new Pod, and passes the current object to a known one. */
  see(pod: Pod): void;
  /** Kills Pods whose objects were deleted. */
  forgetOthers(pods: readonly Pod[]): void;
  /** All current and earlier Pods with this name, oldest first. */
  named(namespace: string, name: string): PodLife[];
  ofJob(namespace: string, job: string): PodLife[];
  logs(lives: readonly PodLife[], container?: string): string;
  /**
   * The container with that name; without a name, the first running one. Throws if there is none.
   */
  running(namespace: string, name: string, container?: string): ContainerLife;
  /** Kills all Pods and deletes their objects. */
  end(api: Api): Promise<void>;
};

const jobLabel = 'batch.kubernetes.io/job-name';

export function podTable(start: (pod: Pod) => PodLife): PodTable {
  const all = new Map<string, PodLife>();
  const gone = new Map<string, Promise<void>>();
  const abandon = (uid: string, life: PodLife) => {
    const going = gone.get(uid) ?? life.abandon();
    gone.set(uid, going);
    return going;
  };
  const matching = (namespace: string, isWanted: (pod: Pod) => boolean) =>
    [...all.values()].filter(({ pod }) => pod.metadata.namespace === namespace && isWanted(pod));
  const named = (namespace: string, name: string) =>
    matching(namespace, ({ metadata }) => metadata.name === name);
  return {
    see(pod) {
      const { uid } = pod.metadata;
      const life = all.get(uid);
      if (life) life.update(pod);
      else all.set(uid, start(pod));
    },
    forgetOthers(pods) {
      const there = new Set(pods.map(({ metadata }) => metadata.uid));
      for (const [uid, life] of all) if (!there.has(uid)) abandon(uid, life);
    },
    named,
    ofJob: (namespace, job) =>
      matching(namespace, ({ metadata }) => metadata.labels?.[jobLabel] === job),
    logs(lives, container) {
      const containers = lives
        .flatMap((life) => life.containers)
        .filter(({ record }) => container === undefined || record.name === container);
      return containers.map(({ log }) => log.text()).join('');
    },
    running(namespace, name, container) {
      const [life] = named(namespace, name).slice(-1);
      const found = life?.containers.find(
        ({ record }) =>
          'running' in record.state && (container === undefined || record.name === container),
      );
      if (found) return found;
      throw new Error(`no container ${container ?? ''} of Pod ${namespace}/${name} runs`);
    },
    async end(api) {
      await Promise.all([...all].map(([uid, life]) => abandon(uid, life)));
      // Without the API server, there is nothing to delete.
      await Promise.allSettled([...all.values()].map(({ pod }) => tryToRemovePod(api, pod)));
    },
  };
}
