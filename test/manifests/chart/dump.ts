/** All objects in a cluster, for a comparison with a later dump. */
import type { Api, Fields, KubernetesObject } from '../../../tools/control-plane/api.ts';

type Resource = { name: string; kind: string; namespaced: boolean; verbs: string[] };
type Resources = { groupVersion: string; resources: Resource[] };
type Groups = { groups: { preferredVersion: { groupVersion: string } }[] };

/** Fields that change without a write of a user. */
const restless = ['resourceVersion', 'managedFields', 'generation', 'status'];
/**
 * Whether an object is an Event. Events expire by themselves, so they are left out. The spec of a
 * Lease is left out because its holder renews it all the time.
 */
const isEvent = (kind: string): boolean => kind === 'Event';

/**
 * Returns each object by its API version, kind, namespace and name.
 *
 * @param isLeftOut selects objects that the comparison must ignore
 */
export async function dump(
  api: Api,
  isLeftOut: (object: KubernetesObject) => boolean,
): Promise<Record<string, Fields>> {
  const { groups } = await api.get<Groups>('/apis');
  const versions = ['/api/v1', ...groups.map((it) => `/apis/${it.preferredVersion.groupVersion}`)];
  const all: Record<string, Fields> = {};
  for (const version of versions) {
    const { resources, groupVersion } = await api.get<Resources>(version);
    for (const { name, kind, verbs } of resources) {
      if (name.includes('/') || !verbs.includes('list') || isEvent(kind)) continue;
      for (const item of await api.list<KubernetesObject>(`${version}/${name}`)) {
        const object = { ...item, kind };
        if (isLeftOut(object)) continue;
        const { namespace, name: own } = item.metadata;
        const key = `${groupVersion} ${kind} ${namespace === undefined ? '' : `${namespace}/`}${own}`;
        all[key] = settled(object);
      }
    }
  }
  return all;
}

function settled(object: KubernetesObject): Fields {
  return JSON.parse(JSON.stringify(object), (key, value) => {
    if (restless.includes(key)) return undefined;
    return key === 'spec' && object.kind === 'Lease' ? undefined : value;
  });
}
