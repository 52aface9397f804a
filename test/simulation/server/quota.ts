/** Admission by ResourceQuotas, which limit the number of objects in a namespace. */
import { at, type JsonMap, mapOf, textOf } from './json.ts';
import type { Resource } from './resource.ts';
import { resources } from './resources.ts';
import { forbidden, qualified } from './status.ts';
import type { Store, Stored } from './store.ts';
import type { WriteCall, Writer } from './writer.ts';

/** The names that a quota uses for the number of objects of a resource. */
export function quotaNames(resource: Resource): string[] {
  const count = `count/${qualified(resource)}`;
  const isPlain = resource.group === '' && plain.includes(resource.plural);
  return isPlain ? [resource.plural, count] : [count];
}

const plain = ['pods', 'configmaps', 'secrets', 'resourcequotas'];

const asServer: WriteCall = {
  manager: 'kube-apiserver',
  user: 'system:apiserver',
  dryRun: false,
  subresource: 'status',
};

/**
 * Adds a new object to the numbers of all quotas.
 *
 * @throws StatusError if a quota does not allow the object
 */
export function chargeQuotas(
  store: Store,
  writer: Writer,
  resource: Resource,
  object: JsonMap,
  { dryRun }: WriteCall,
): void {
  const namespace = textOf(at(object, 'metadata', 'namespace'));
  const name = textOf(at(object, 'metadata', 'name'));
  const quotas = store.list(resources.quotas, namespace).flatMap((quota) => {
    const hard = mapOf(mapOf(quota.object['status'])['hard']);
    const names = quotaNames(resource).filter((each) => hard[each] !== undefined);
    return names.length === 0 ? [] : [{ quota, names: names.sort() }];
  });
  for (const { quota, names } of quotas) assertQuota(resource, name, quota, names);
  if (dryRun) return;
  for (const { quota, names } of quotas) charge(writer, quota, names);
}

function assertQuota(
  resource: Resource,
  name: string,
  quota: Stored,
  names: readonly string[],
): void {
  const { hard, used } = mapOf(quota.object['status']);
  const [limits, counts] = [mapOf(hard), mapOf(used)];
  const unknown = names.filter((each) => counts[each] === undefined);
  if (unknown.length > 0) {
    const why = `status unknown for quota: ${quota.name}, resources: ${unknown.join(',')}`;
    throw forbidden(resource, name, why);
  }
  const exceeded = names.filter((each) => Number(counts[each]) + 1 > Number(limits[each]));
  if (exceeded.length === 0) return;
  const all = (of: (each: string) => string) =>
    exceeded.map((each) => `${each}=${of(each)}`).join(',');
  const parts = [
    `exceeded quota: ${quota.name}`,
    `requested: ${all(() => '1')}`,
    `used: ${all((each) => textOf(counts[each]))}`,
    `limited: ${all((each) => textOf(limits[each]))}`,
  ];
  throw forbidden(resource, name, parts.join(', '));
}

function charge(writer: Writer, quota: Stored, names: readonly string[]): void {
  const change = (live: JsonMap): JsonMap => {
    const status = mapOf(live['status']);
    const used: Record<string, string> = { ...(status['used'] as Record<string, string>) };
    for (const each of names) used[each] = String(Number(used[each]) + 1);
    return { ...live, status: { ...status, used } };
  };
  writer.update(resources.quotas, quota.namespace, quota.name, change, asServer);
}
