/** A watch that sees when the hash on the template of a workload changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { watchObjects } from '../../../tools/control-plane/watch.ts';
import type { BenchWorkload } from '../load.ts';
import type { Stage } from '../stage.ts';

const longestWaitMs = 60_000;

export class Hashes {
  readonly #hashes = new Map<string, string>();
  readonly #waiting = new Map<string, () => void>();
  #lastEventAt = performance.now();

  note({ metadata: { namespace = '', name }, spec }: KubernetesObject): void {
    this.#lastEventAt = performance.now();
    const key = `${namespace}/${name}`;
    const { template } = (spec ?? {}) as { template?: { metadata?: KubernetesObject['metadata'] } };
    const hash = template?.metadata?.annotations?.['wave.pusher.com/config-hash'] ?? '';
    if (this.#hashes.get(key) === hash) return;
    this.#hashes.set(key, hash);
    this.#waiting.get(key)?.();
    this.#waiting.delete(key);
  }

  /** Resolves with the time of the next change, in milliseconds of `performance.now`. */
  next({ namespace, name }: BenchWorkload): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const late = setTimeout(
      () => reject(new Error(`${namespace}/${name} was not patched`)),
      longestWaitMs,
    );
    this.#waiting.set(`${namespace}/${name}`, () => {
      clearTimeout(late);
      resolve(performance.now());
    });
    return promise;
  }

  /** Resolves when no Deployment has changed for this time, so the last rollouts are over. */
  async quietFor(ms: number): Promise<void> {
    for (;;) {
      const left = this.#lastEventAt + ms - performance.now();
      if (left <= 0) return;
      await sleep(left);
    }
  }
}

/** Calls the function with a watch of all Deployments, and ends the watch afterwards. */
export async function withHashes<T>(
  { controlPlane }: Stage,
  work: (hashes: Hashes) => Promise<T>,
): Promise<T> {
  const hashes = new Hashes();
  const watch = await watchObjects(controlPlane, '/apis/apps/v1/deployments', (object) =>
    hashes.note(object),
  );
  try {
    return await work(hashes);
  } finally {
    await watch.stop();
  }
}
