/** Brings a Pod's status to the API server: the latest one, in order, and again until it is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, ApiError, path } from '../control-plane/api.ts';
import type { Pod, PodStatus } from './pod.ts';

export type StatusWriter = {
  publish(status: PodStatus): void;
  /** Returns when the latest status is written, or its Pod is gone. */
  settled(): Promise<void>;
  /** Nothing is written any more. */
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
 * Deletes a Pod for good, as kubelet does when nothing of it runs any more. Tries it again where the
 * API server is away, until `signal` says otherwise.
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

/** The same, once; throws where that fails for another reason than that it is gone already. */
export async function tryToRemovePod(api: Api, { metadata }: Pod): Promise<void> {
  const { namespace, name, uid } = metadata;
  const options = { gracePeriodSeconds: 0, preconditions: { uid } };
  try {
    await api.delete(path('Pod', namespace, name), options);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Writes a Pod's status once; nothing happens where the Pod is gone. */
export async function writeStatus(api: Api, { metadata }: Pod, status: PodStatus): Promise<void> {
  const { namespace, name, uid } = metadata;
  try {
    // The uid keeps a status from a later Pod of the same name.
    await api.patch(`${path('Pod', namespace, name)}/status`, { metadata: { uid }, status });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** The Pod is not there, or it is another of the same name. */
function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 409);
}
