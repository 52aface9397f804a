import { type Api, type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import { assertNoLeak } from './planted.ts';

const kinds = ['Event', 'Deployment', 'StatefulSet', 'DaemonSet', 'Lease'] as const;

/**
 * Fails if anything that wave-cron can write in a namespace contains the value of a Secret: Events, and
 * workloads and Leases with their annotations.
 */
export async function assertNoLeakIn(api: Api, namespace: string): Promise<void> {
  await Promise.all(
    kinds.map(async (kind) => {
      for (const object of await api.list<KubernetesObject>(path(kind, namespace))) {
        const what = `${kind} ${namespace}/${object.metadata.name}`;
        assertNoLeak(what, JSON.stringify(object));
      }
    }),
  );
}
