/** Everything that is in a cluster, to be compared with what is there later. */
import type { Api, Fields, KubernetesObject } from '../../../tools/control-plane/api.ts';

type Resource = { name: string; kind: string; namespaced: boolean; verbs: string[] };
type Resources = { groupVersion: string; resources: Resource[] };
type Groups = { groups: { preferredVersion: { groupVersion: string } }[] };

/** What changes without anybody having to do with it. */
const restless = ['resourceVersion', 'managedFields', 'generation', 'status'];
/** Events expire by themselves; a Lease is renewed all the time, so only that it is there counts. */
const isEvent = (kind: string): boolean => kind === 'Event';

/**
 * Each object, by its kind and name.
 *
 * @param isLeftOut objects that are nobody's concern here
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
