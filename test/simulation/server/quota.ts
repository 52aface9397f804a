/** Whether a ResourceQuota allows another object. */
import { mapOf, textOf } from './json.ts';
import type { Resource } from './resource.ts';
import { resources } from './resources.ts';
import { forbidden, qualified } from './status.ts';
import type { Store } from './store.ts';

/** The names under which a quota counts objects of a resource. */
function namesFor(resource: Resource): string[] {
  const count = `count/${qualified(resource)}`;
  return resource.group === '' ? [resource.plural, count] : [count];
}

/** @throws StatusError */
export function assertQuota(
  store: Store,
  resource: Resource,
  namespace: string,
  name: string,
): void {
  for (const quota of store.list(resources.quotas, namespace)) {
    const hard = mapOf(mapOf(quota.object['spec'])['hard']);
    const exceeded = namesFor(resource).filter((each) => {
      const limit = hard[each];
      return limit !== undefined && store.list(resource, namespace).length >= Number(limit);
    });
    if (exceeded.length === 0) continue;
    const used = store.list(resource, namespace).length;
    const list = (of: (name: string) => string) =>
      exceeded.map((each) => `${each}=${of(each)}`).join(',');
    throw forbidden(
      resource,
      name,
      `exceeded quota: ${quota.name}, requested: ${list(() => '1')}, used: ${list(() => String(used))}, limited: ${list((each) => textOf(hard[each]))}`,
    );
  }
}
