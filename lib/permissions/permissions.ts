import { workloadEntry } from '../kubernetes/kinds.ts';
import type { LeaseName } from '../kubernetes/names.ts';
import { leaseNames } from '../rules/shards.ts';
import type { Settings } from '../settings/schema.ts';
import { onMounts } from './mount-permissions.ts';
import {
  fails,
  inAnyNamespace,
  type Permission,
  type ResourceOf,
  type Scope,
} from './permission.ts';
import {
  onEnforced,
  onHashKey,
  onKubeSystem,
  onOwned,
  onPatterns,
  onSources,
} from './source-permissions.ts';
import { onKeptLease, onWatched } from './watch-permissions.ts';
import {
  judgesPods,
  needsRevisions,
  onNamespaceAnnotations,
  onNamespaces,
  onPods,
  onRevisions,
  onWorkloads,
} from './workload-permissions.ts';

/**
 * All permissions that a pass with these settings may use, without duplicates. A permission is added only here:
 * `check`, the documentation and the tests of the shipped roles use this list.
 *
 * @param resourceOf where the cluster serves a kind. By default, unknown kinds have the usual plural
 */
export function neededPermissions(
  settings: Settings,
  lease: LeaseName,
  resourceOf: ResourceOf = workloadEntry,
): Permission[] {
  const { kinds, crossNamespaceReferences, ownership } = settings;
  const scopes = scopesOf(settings);
  const others: readonly Scope[] = crossNamespaceReferences.map((namespace) =>
    namespace === '*' ? {} : { namespace },
  );
  const permissions = [
    ...onNamespaces(settings),
    ...scopes.flatMap((scope) => onWorkloads(kinds, scope, resourceOf)),
    ...[...scopes, ...others].flatMap((scope) => onSources(settings, scope)),
    ...scopes.flatMap((scope) => onMounts(settings, scope)),
    ...(ownership === 'off' ? [] : [...scopes.flatMap(onOwned), onKubeSystem]),
    ...(judgesPods(settings) ? scopes.flatMap((scope) => onPods(kinds, scope)) : []),
    ...scopes.flatMap((scope) => onNamespaceAnnotations(settings, scope)),
    ...(needsRevisions(settings) ? scopes.flatMap((scope) => onRevisions(kinds, scope)) : []),
    ...scopes.flatMap((scope) => onPatterns(settings, scope)),
    ...onHashKey(settings, lease),
    ...scopes.flatMap((scope) => onWatched(settings, scope, resourceOf)),
    ...onLeases(lease, settings),
    ...onKeptLease(lease, settings),
    ...scopes.flatMap(onEvents),
  ];
  const wide = new Set(
    permissions.flatMap((permission) => (permission.namespace ? [] : [inAnyNamespace(permission)])),
  );
  const known = new Set<string>();
  return permissions.filter((permission) => {
    if (permission.namespace !== undefined && wide.has(inAnyNamespace(permission))) return false;
    const access = `${inAnyNamespace(permission)} ${permission.namespace}`;
    return !known.has(access) && known.add(access);
  });
}

/**
 * The additional permissions for ownership in clusters that require the delete permission for
 * changing owner references. Few clusters require it, and it is a strong permission, so the shipped
 * roles do not include it.
 */
export function permissionsWhereEnforced(settings: Settings): Permission[] {
  return settings.ownership === 'off' ? [] : scopesOf(settings).flatMap(onEnforced);
}

/** The scopes of the workloads. */
function scopesOf({ namespaces, namespaceSelector }: Settings): readonly Scope[] {
  // The namespaces that match a selector are known only during a pass, so the permissions cover all
  // namespaces.
  const everywhere = namespaceSelector !== '' || namespaces.length === 0;
  return everywhere ? [{}] : namespaces.map((namespace) => ({ namespace }));
}

function onLeases({ namespace, name }: LeaseName, { shard }: Settings): Permission[] {
  const leases = { apiGroup: 'coordination.k8s.io', resource: 'leases', namespace };
  return [
    {
      ...leases,
      // RBAC cannot limit `create` to a name.
      verb: 'create',
      purpose: 'create the Lease if it does not exist',
      without: fails('no pass runs until somebody creates the Lease: exit status 3'),
    },
    ...leaseNames(name, shard).flatMap((resourceName): Permission[] => [
      {
        ...leases,
        verb: 'get',
        resourceName,
        purpose: 'read the holder of the Lease',
        without: fails('no pass runs: exit status 3'),
      },
      {
        ...leases,
        verb: 'patch',
        resourceName,
        purpose: 'take, renew and release the Lease',
        without: fails('no pass runs if the Lease exists: exit status 3'),
      },
    ]),
  ];
}

function onEvents(scope: Scope): Permission[] {
  const events = { apiGroup: 'events.k8s.io', resource: 'events', ...scope };
  const without = {
    pass: 'degrades' as const,
    sentence:
      'Events are not recorded, and the pass reports the number of lost Events: exit status 0',
  };
  return [
    {
      ...events,
      verb: 'create',
      purpose: 'record Events about workloads',
      without,
    },
    {
      ...events,
      verb: 'patch',
      purpose:
        'continue the series of an Event, and read from the Event how often a removed hash was written',
      without,
    },
  ];
}
