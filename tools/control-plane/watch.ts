/**
 * Reports every version of the objects under a path, in the order in which the API server created them:
 *
 *     const watch = await watchObjects(cluster, path('Deployment', namespace), (object) => { … });
 *     …
 *     await watch.stop();
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from './api.ts';
import { type Cluster, connect } from './cluster-folder.ts';

export type Watch = {
  /**
   * Returns when all changes before its first call were reported. Throws the error of the watch, if there
   * was one.
   */
  stop(): Promise<void>;
};

type WatchEvent = { type: string; object: KubernetesObject };

/** The first reports are about the existing objects, as `ADDED`. */
export async function watchObjects(
  cluster: Cluster,
  path: string,
  onObject: (object: KubernetesObject, type: string) => void,
): Promise<Watch> {
  const api = connect(cluster);
  const { kind, items, metadata } = await api.get<{
    kind: string;
    items: KubernetesObject[];
    metadata: { resourceVersion: string };
  }>(path);
  // The items of a list do not contain their kind.
  for (const object of items) onObject({ ...object, kind: kind.replace(/List$/, '') }, 'ADDED');
  let seen = BigInt(metadata.resourceVersion);
  let failure: unknown;
  let isOver = false;
  const credentials = cluster.clientCertificate({
    commonName: 'wave-cron-test-watch',
    organizations: ['system:masters'],
  });
  const { hostname, port } = new URL(cluster.url);
  const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}`;
  const sent = request({
    ...{ hostname, port, path: `${path}?${query}`, ca: readFileSync(cluster.caFile) },
    ...{ cert: credentials.certificate, key: credentials.key, agent: false },
  });
  const open = Promise.withResolvers<void>();
  sent.on('error', (error) => {
    if (!isOver) failure ??= error;
    open.reject(error);
  });
  sent.on('response', (response) => {
    open.resolve();
    const lines = createInterface({ input: response });
    lines.on('error', (error) => {
      if (!isOver) failure ??= error;
    });
    lines.on('line', (line) => {
      const { type, object } = JSON.parse(line) as WatchEvent;
      if (type === 'ERROR') failure ??= new Error(line);
      seen = BigInt(object.metadata.resourceVersion ?? seen);
      if (type !== 'BOOKMARK') onObject(object, type);
    });
  });
  sent.end();
  await open.promise;
  return {
    async stop() {
      if (isOver) return;
      const current = await api.list<KubernetesObject>(path);
      const versions = current.map((each) => BigInt(each.metadata.resourceVersion ?? 0));
      const newest = versions.sort((a, b) => (a < b ? -1 : 1)).at(-1) ?? 0n;
      const deadline = Date.now() + 10_000;
      while (seen < newest && failure === undefined && Date.now() < deadline) {
        await sleep(20);
      }
      const isBehind = seen < newest;
      isOver = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      sent.on('close', resolve).destroy();
      if (failure !== undefined) throw failure;
      await promise;
      if (isBehind) throw new Error(`the watch of ${path} is behind: ${seen} of ${newest}`);
    },
  };
}
