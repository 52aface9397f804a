/**
 * Follows the Pods of some namespaces by listing them repeatedly. That is simpler than a watch,
 * which must be resumed, and it continues after a restart of the API server.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, ApiError, path } from '../control-plane/api.ts';
import type { Pod } from './pod.ts';

export type FollowOptions = {
  api: Api;
  namespaces: readonly string[];
  onPod(pod: Pod): Promise<void>;
  /** Is called after each round with all Pods. */
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

/**
 * Whether an error is temporary: the API server is unavailable or busy, or a namespace or Pod is being
 * deleted. Then the next round tries again.
 */
function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return error.status >= 500 || passingStatus.includes(error.status);
  return error instanceof Error && 'code' in error;
}
