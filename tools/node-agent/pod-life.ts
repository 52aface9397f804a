/** One of wave-cron's own Pods on this node, from its binding until its object is deleted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BackOff, type ContainerLife, containerLife } from './container-life.ts';
import { type Condition, type Container, type Pod, type PodSpec, timestamp } from './pod.ts';
import { podSetUp, type SetUpDeps } from './pod-set-up.ts';
import { podStatus } from './status.ts';
import { removePod, statusWriter } from './status-writer.ts';

export type PodDeps = SetUpDeps & { backOff: BackOff };

export type PodLife = {
  readonly pod: Pod;
  readonly containers: readonly ContainerLife[];
  /**
   * Gets the latest version of the object. If it is being deleted, the Pod ends within its grace
   * period.
   */
  update(pod: Pod): void;
  /**
   * Kills everything and writes no status, for a Pod whose object was deleted. Resolves when
   * nothing is left.
   */
  abandon(): Promise<void>;
  connect: ReturnType<typeof podSetUp>['connect'];
};

// How often volumes are updated. A kubelet needs up to a minute for this.
const syncMs = 2_000;
const defaultGraceSeconds = 30;

/** Starts the Pod at once. `onError` gets unexpected errors. */
export function startPod(first: Pod, deps: PodDeps, onError: (error: unknown) => void): PodLife {
  const { api, hostIP, backOff } = deps;
  const { restartPolicy, initContainers = [], containers } = first.spec;
  const setUp = podSetUp(first, deps);
  const writer = statusWriter(api, first);
  const over = new AbortController();
  const abandoned = new AbortController();
  const startTime = timestamp();
  const begun = performance.now();
  let pod = first;
  let deadline: NodeJS.Timeout | undefined;
  let isFinished = false;
  let failure: { reason: string; message: string } | undefined;
  let conditions: readonly Condition[] = first.status?.conditions ?? [];

  const publish = () => {
    const podIP = setUp.sandbox?.ip;
    const own = { pod, podIP, hostIP, startTime, failure };
    const status = podStatus(
      { ...own, init: recordsOf(init), containers: recordsOf(main) },
      conditions,
    );
    conditions = status.conditions ?? [];
    writer.publish(status);
  };
  const remove = () => removePod(api, pod, abandoned.signal);
  const lifeOf = (container: Container, policy: PodSpec['restartPolicy']) =>
    containerLife({
      ...{ container, restartPolicy: policy, backOff, graceMs: graceMs(first) },
      start: (log) => setUp.start(container, log),
      connect: setUp.connect,
      onChange: publish,
    });
  // An init container that has succeeded is not started again, under any restart policy.
  const initPolicy = restartPolicy === 'Never' ? 'Never' : 'OnFailure';
  const init = initContainers.map((container) => lifeOf(container, initPolicy));
  const main = containers.map((container) => lifeOf(container, restartPolicy));
  const all = [...init, ...main];

  const end = (grace: number) => {
    over.abort();
    for (const life of all) life.end(grace);
  };
  const follow = async () => {
    while (!over.signal.aborted) {
      await sleep(syncMs, undefined, { signal: over.signal, ref: false }).catch(() => {});
      // If a source or token cannot be read now, the next round tries again.
      if (!over.signal.aborted) await setUp.sync().catch(() => {});
    }
  };
  const watchDeadline = () => {
    const { activeDeadlineSeconds } = pod.spec;
    clearTimeout(deadline);
    if (activeDeadlineSeconds === undefined || over.signal.aborted) return;
    const leftMs = begun + activeDeadlineSeconds * 1000 - performance.now();
    deadline = setTimeout(
      () => {
        const message = 'Pod was active on the node longer than the specified deadline';
        failure = { reason: 'DeadlineExceeded', message };
        end(graceMs(pod));
      },
      Math.max(leftMs, 0),
    ).unref();
  };
  const run = async () => {
    publish();
    watchDeadline();
    const following = follow();
    if ((await runInTurn(init)) || over.signal.aborted)
      await Promise.all(main.map((life) => life.run()));
    clearTimeout(deadline);
    over.abort();
    await following;
    await setUp.end();
    publish();
    await writer.settled();
    isFinished = true;
    if (pod.metadata.deletionTimestamp !== undefined) await remove();
  };
  const running = run().catch(onError);

  return {
    get pod() {
      return pod;
    },
    containers: all,
    connect: setUp.connect,
    update(seen) {
      const wasDeleted = pod.metadata.deletionTimestamp !== undefined;
      const isNewDeadline = pod.spec.activeDeadlineSeconds !== seen.spec.activeDeadlineSeconds;
      pod = seen;
      if (isNewDeadline) watchDeadline();
      if (wasDeleted || seen.metadata.deletionTimestamp === undefined) return;
      if (isFinished) remove().catch(onError);
      else end(graceMs(pod));
    },
    async abandon() {
      writer.stop();
      abandoned.abort();
      end(0);
      await setUp.end();
      await running;
    },
  };
}

/** Runs containers one after the other. Returns whether all of them have succeeded. */
async function runInTurn(lives: readonly ContainerLife[]): Promise<boolean> {
  for (const life of lives) {
    await life.run();
    const { state } = life.record;
    if (!('terminated' in state) || state.terminated.exitCode !== 0) return false;
  }
  return true;
}

const recordsOf = (lives: readonly ContainerLife[]) => lives.map(({ record }) => record);

function graceMs({ metadata, spec }: Pod): number {
  const { deletionGracePeriodSeconds, deletionTimestamp } = metadata;
  const { terminationGracePeriodSeconds = defaultGraceSeconds } = spec;
  const isSet = deletionTimestamp !== undefined && deletionGracePeriodSeconds !== undefined;
  return (isSet ? deletionGracePeriodSeconds : terminationGracePeriodSeconds) * 1000;
}
