/**
 * Writes the latest status of a Pod to the API server, in order, with retries until it is written.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, ApiError, path } from '../control-plane/api.ts';
import type { Pod, PodStatus } from './pod.ts';

export type StatusWriter = {
  publish(status: PodStatus): void;
  /** Resolves when the latest status is written, or the Pod was deleted. */
  settled(): Promise<void>;
  /** Stops all writes. */
  stop(): void;
};

const retryMs = 200;

export function statusWriter(api: Api, pod: Pod): StatusWriter {
  let wanted: PodStatus | undefined;
  let written = '';
  let writing: Promise<void> | undefined;
  let isOver = false;
  const write = async () => {
    while (wanted !== undefined && !isOver && JSON.stringify(wanted) !== written) {
      const text = JSON.stringify(wanted);
      try {
        await writeStatus(api, pod, wanted);
        written = text;
      } catch {
        await sleep(retryMs, undefined, { ref: false });
      }
    }
  };
  const flush = () => {
    writing ??= write().finally(() => {
      writing = undefined;
    });
    return writing;
  };
  return {
    publish(status) {
      wanted = status;
      flush();
    },
    settled: flush,
    stop() {
      isOver = true;
    },
  };
}

/**
 * Deletes the object of a Pod, like the kubelet after all containers have ended. It retries until
 * `signal` is aborted if the API server is unavailable.
 */
export async function removePod(api: Api, pod: Pod, signal?: AbortSignal): Promise<void> {
  while (!signal?.aborted) {
    try {
      await tryToRemovePod(api, pod);
      return;
    } catch {
      await sleep(retryMs, undefined, { ref: false });
    }
  }
}

/** Like `removePod`, with one attempt. Throws if it fails, unless the Pod is already deleted. */
export async function tryToRemovePod(api: Api, { metadata }: Pod): Promise<void> {
  const { namespace, name, uid } = metadata;
  const options = { gracePeriodSeconds: 0, preconditions: { uid } };
  try {
    await api.delete(path('Pod', namespace, name), options);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Writes the status of a Pod once. Does nothing if the Pod was deleted. */
export async function writeStatus(api: Api, { metadata }: Pod, status: PodStatus): Promise<void> {
  const { namespace, name, uid } = metadata;
  try {
    // With the uid, the status is not written to a later Pod with the same name.
    await api.patch(`${path('Pod', namespace, name)}/status`, { metadata: { uid }, status });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Whether the Pod was deleted. Another one with the same name may exist. */
function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 409);
}
