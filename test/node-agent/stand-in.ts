/** Pods of other workloads: nothing runs for them, but they look as if it did, so that rollouts complete. */
import type { Api } from '../control-plane/api.ts';
import { type Container, type Pod, type PodStatus, timestamp } from './pod.ts';
import { type ContainerRecord, podStatus } from './status.ts';
import { tryToRemovePod, writeStatus } from './status-writer.ts';

/** Makes a Pod Ready, or takes it away when it is deleted. Does nothing where that is done. */
export async function standIn(
  api: Api,
  pod: Pod,
  { podIP, hostIP }: { podIP: string; hostIP: string },
): Promise<void> {
  if (pod.metadata.deletionTimestamp !== undefined) return tryToRemovePod(api, pod);
  if (isReady(pod.status)) return;
  const startTime = timestamp();
  const { initContainers = [], containers } = pod.spec;
  const running = { running: { startedAt: startTime } };
  const completed = {
    terminated: {
      ...{ exitCode: 0, reason: 'Completed', containerID: '' },
      ...{ startedAt: startTime, finishedAt: startTime },
    },
  };
  const status = podStatus({
    ...{ pod, podIP, hostIP, startTime, failure: undefined },
    init: initContainers.map((container) => recordOf(container, completed, false)),
    containers: containers.map((container) => recordOf(container, running, true)),
  });
  await writeStatus(api, pod, status);
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
