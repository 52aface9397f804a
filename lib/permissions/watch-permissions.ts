import { sourceEntry, sourceKinds } from '../kubernetes/kinds.ts';
import type { LeaseName } from '../kubernetes/names.ts';
import type { Settings } from '../settings/schema.ts';
import { accessedResource, type Permission, type ResourceOf, type Scope } from './permission.ts';

/** The permissions for `triggers.watch`. If one of them is missing, the other watches continue. */
export function onWatched(
  { kinds, triggers }: Settings,
  scope: Scope,
  resourceOf: ResourceOf,
): Permission[] {
  const { watch } = triggers;
  const workloads = watch.includes('Workload') ? kinds : [];
  return [
    ...workloads.map((kind) =>
      watchOf(accessedResource(resourceOf(kind)), scope, 'watch', 'workloads'),
    ),
    ...sourceKinds
      .filter((kind) => watch.includes(kind))
      .flatMap((kind) => {
        const { isConfidential } = sourceEntry(kind);
        const cost = isConfidential ? `; a thief of the token can then read every ${kind}` : '';
        return (['list', 'watch'] as const).map((verb) =>
          watchOf(accessedResource(sourceEntry(kind)), scope, verb, `${kind}s`, cost),
        );
      }),
  ];
}

function watchOf(
  resource: Pick<Permission, 'apiGroup' | 'resource'>,
  scope: Scope,
  verb: 'list' | 'watch',
  what: string,
  cost = '',
): Permission {
  return {
    ...{ ...resource, verb, ...scope },
    purpose: `see changed ${what} at once (with triggers.watch)${cost}`,
    without: {
      pass: 'degrades',
      sentence: 'changes of this kind wait for the next scheduled pass: exit status 0',
    },
  };
}

/** With watches, a replica keeps the Lease until another process requests it. */
export function onKeptLease(
  { namespace, name }: LeaseName,
  { shard, triggers }: Settings,
): Permission[] {
  if (triggers.watch.length === 0 || shard.count > 1) return [];
  return (['list', 'watch'] as const).map((verb) => ({
    ...{ apiGroup: 'coordination.k8s.io', resource: 'leases', namespace, verb, resourceName: name },
    purpose: 'see at once that another process requests the Lease (with triggers.watch)',
    without: {
      pass: 'degrades' as const,
      sentence: 'the other process waits for up to a third of lease.durationSeconds: exit status 0',
    },
  }));
}
