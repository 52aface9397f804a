import { type Api, type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import { assertNoLeak } from './planted.ts';

const kinds = ['Event', 'Deployment', 'StatefulSet', 'DaemonSet', 'Lease'] as const;

/**
 * What wave-cron can write to, in one namespace, shows no value of a Secret: events, and workloads and
 * Leases with their annotations.
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
