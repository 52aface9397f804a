/**
 * Keeps up with the Pods of some namespaces, by listing them again and again. That is simpler than a
 * watch, which has to be resumed, and survives an API server that goes away and comes back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, ApiError, path } from '../control-plane/api.ts';
import type { Pod } from './pod.ts';

export type FollowOptions = {
  api: Api;
  namespaces: readonly string[];
  onPod(pod: Pod): Promise<void>;
  /** After each round, with all Pods that there are. */
  onPods(pods: readonly Pod[]): void;
  onError(error: unknown): void;
};

const pollMs = 150;

export function follow(options: FollowOptions): { stop(): Promise<void> } {
  const { api, namespaces, onPod, onPods, onError } = options;
  const over = new AbortController();
  const round = async () => {
    const lists = namespaces.map((namespace) => api.list<Pod>(path('Pod', namespace)));
    const pods = (await Promise.all(lists)).flat();
    await Promise.all(pods.map(onPod));
    onPods(pods);
  };
  const rounds = (async () => {
    while (!over.signal.aborted) {
      await round().catch((error) => isPassing(error) || onError(error));
      await sleep(pollMs, undefined, { signal: over.signal, ref: false }).catch(() => {});
    }
  })();
  return {
    async stop() {
      over.abort();
      await rounds;
    },
  };
}

const passingStatus = [403, 404, 409, 429];

/** An API server that is away or busy, and namespaces and Pods that are going: the next round will tell. */
function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return error.status >= 500 || passingStatus.includes(error.status);
  return error instanceof Error && 'code' in error;
}
