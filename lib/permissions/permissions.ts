import {
  type ApiResource,
  secret,
  sourceEntry,
  sourceKinds,
  workloadEntry,
} from '../kubernetes/kinds.ts';
import type { LeaseName } from '../kubernetes/names.ts';
import { autoHashKey, hashKeySecret } from '../rules/hash/hash-keys.ts';
import { leaseNames } from '../rules/shards.ts';
import type { Settings } from '../settings/schema.ts';

/** One access that RBAC can allow or deny. */
export interface ResourceAccess {
  /** Empty for the core group. */
  readonly apiGroup: string;
  /** Plural, as in a rule: `configmaps`. */
  readonly resource: string;
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete';
  /** Undefined for all namespaces, or for a cluster-scoped resource. */
  readonly namespace?: string;
  /** Undefined for all names. */
  readonly resourceName?: string;
}

/** A resource as RBAC names it. */
export function accessedResource({
  group,
  plural,
}: ApiResource): Pick<ResourceAccess, 'apiGroup' | 'resource'> {
  return { apiGroup: group, resource: plural };
}

/** A permission that a pass needs. */
export interface Permission extends ResourceAccess {
  /** A phrase that follows "it is needed to". */
  readonly purpose: string;
  /** What happens to a pass without it. */
  readonly without: {
    /**
     * `fails`: the pass ends with a status other than 0. `degrades`: it does its work and reports
     * what it could not do.
     */
    readonly pass: 'fails' | 'degrades';
    /** A phrase that follows "without it". */
    readonly sentence: string;
  };
}

/**
 * All permissions that a pass with these settings may use, without duplicates. A permission is
 * added only here: `check`, the documentation and the tests of the shipped roles use this list.
 */
export function neededPermissions(settings: Settings, lease: LeaseName): Permission[] {
  const { namespaceSelector, kinds, crossNamespaceReferences } = settings;
  const scopes = scopesOf(settings);
  const others: readonly Scope[] = crossNamespaceReferences.map((namespace) =>
    namespace === '*' ? {} : { namespace },
  );
  const permissions = [
    ...(namespaceSelector === '' ? [] : onNamespaces),
    ...scopes.flatMap((scope) => onWorkloads(kinds, scope)),
    ...[...scopes, ...others].flatMap(onSources),
    ...(settings.ownership === 'off' ? [] : [...scopes.flatMap(onOwned), onKubeSystem]),
    ...(judgesPods(settings) ? scopes.flatMap((scope) => onPods(kinds, scope)) : []),
    ...(settings.rollouts.limit.count > 0
      ? scopes.flatMap((scope) => onRevisions(kinds, scope))
      : []),
    ...onHashKey(settings, lease),
    ...onLeases(lease, settings),
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
 * The additional permissions with ownership, if the cluster requires the delete permission for
 * changing owner references. Few clusters do, and the permission is a strong one, so the shipped
 * roles do not include it.
 */
export function permissionsWhereEnforced(settings: Settings): Permission[] {
  return settings.ownership === 'off' ? [] : scopesOf(settings).flatMap(onEnforced);
}

/** A text that is equal for permissions that differ only in the namespace. */
export function inAnyNamespace({ apiGroup, resource, verb, resourceName }: ResourceAccess): string {
  return [verb, apiGroup, resource, resourceName].join(' ');
}

type Scope = Pick<ResourceAccess, 'namespace'>;

/** The scopes of the workloads. */
function scopesOf({ namespaces, namespaceSelector }: Settings): readonly Scope[] {
  // The namespaces that match a selector are known only during a pass, so the permissions are for
  // all.
  const everywhere = namespaceSelector !== '' || namespaces.length === 0;
  return everywhere ? [{}] : namespaces.map((namespace) => ({ namespace }));
}

const onNamespaces: readonly Permission[] = [
  {
    apiGroup: '',
    resource: 'namespaces',
    verb: 'list',
    purpose: 'find the namespaces that match namespaceSelector',
    without: fails('no workload is reconciled: exit status 3'),
  },
];

function onWorkloads(kinds: Settings['kinds'], scope: Scope): Permission[] {
  return kinds.flatMap((kind) => {
    const workloads = { ...accessedResource(workloadEntry(kind)), ...scope };
    return [
      {
        ...workloads,
        verb: 'list' as const,
        purpose: 'find the workloads that opted in',
        without: fails(
          'workloads of this kind are not reconciled: exit status 1, or 3 if nothing could be listed',
        ),
      },
      {
        ...workloads,
        verb: 'get' as const,
        purpose: 'read a workload again if it changed during the pass',
        without: fails('the next pass handles such a workload: Failed, exit status 1'),
      },
      {
        ...workloads,
        verb: 'patch' as const,
        purpose: 'write the hash to the pod template',
        without: fails('no workload of this kind is rolled: Failed, exit status 1'),
      },
    ];
  });
}

function onSources(scope: Scope): Permission[] {
  return sourceKinds.map((kind) => ({
    ...accessedResource(sourceEntry(kind)),
    verb: 'get' as const,
    ...scope,
    purpose: 'read the sources of workloads',
    without: fails('workloads that reference one are not changed: UnreadableSource, exit status 1'),
  }));
}

const withOwnership = 'with ownership: references or finalizer';
const unprotected = fails(
  'hashes are written, but no source gets owner references: Failed, exit status 1',
);

function onOwned(scope: Scope): Permission[] {
  return sourceKinds.map((kind) => ({
    ...accessedResource(sourceEntry(kind)),
    verb: 'patch',
    ...scope,
    purpose: `add owner references to the sources of workloads, ${withOwnership}`,
    without: unprotected,
  }));
}

const onKubeSystem: Permission = {
  apiGroup: '',
  resource: 'namespaces',
  verb: 'get',
  // For RBAC, a Namespace object is in the namespace with its own name.
  namespace: 'kube-system',
  resourceName: 'kube-system',
  purpose: `read the uid of the namespace kube-system, which becomes an owner too, ${withOwnership}`,
  without: unprotected,
};

/**
 * By name, even if a permission for all Secrets exists, so that a missing permission is reported
 * with its own purpose.
 */
function onHashKey({ hashKey }: Settings, lease: LeaseName): Permission[] {
  if (hashKey === undefined) return [];
  const { namespace, name } = hashKeySecret(hashKey, lease.namespace);
  const secrets = { ...accessedResource(secret), namespace };
  const reading: Permission = {
    ...secrets,
    verb: 'get',
    resourceName: name,
    purpose: 'read the key of the hashes, with hashKey',
    without: fails('no workload is reconciled: exit status 3'),
  };
  if (hashKey !== autoHashKey) return [reading];
  const creating: Permission = {
    ...secrets,
    // RBAC cannot limit `create` to a name; the admission policies do.
    verb: 'create',
    purpose: `create the ${secret.kind} of hashKey: auto if it does not exist`,
    without: {
      pass: 'degrades',
      sentence: `hashes have no key until somebody creates the ${secret.kind}, and the pass says so: exit status 0`,
    },
  };
  return [reading, creating];
}

/**
 * Whether this is the permission to create the Secret of `hashKey: auto`. It is not needed once the
 * Secret exists.
 */
export function createsHashKey({ resource, verb }: ResourceAccess): boolean {
  return resource === secret.plural && verb === 'create';
}

/** Whether a decision depends on the creation times of the Pods. */
function judgesPods({ adoption, restart }: Settings): boolean {
  return adoption === 'if-changed' || restart === 'if-stale';
}

function onPods(kinds: Settings['kinds'], scope: Scope): Permission[] {
  const permission = {
    verb: 'list' as const,
    ...scope,
    without: {
      pass: 'degrades' as const,
      sentence:
        'that workload is restarted, and the pass reports that its Pods could not be read: exit status 0',
    },
  };
  const pods: Permission = {
    apiGroup: '',
    resource: 'pods',
    ...permission,
    purpose:
      'read when the Pods of a workload were created, with adoption: if-changed or restart: if-stale',
  };
  const controllers = kinds.flatMap((kind): Permission[] => {
    const entry = workloadEntry(kind);
    if (entry.pods.controlledBy === 'workload') return [];
    return [
      {
        ...accessedResource(entry.revisions),
        ...permission,
        purpose: `find the Pods of a ${kind}, with adoption: if-changed or restart: if-stale, and its rollouts, with rollouts.limit`,
      },
    ];
  });
  return [pods, ...controllers];
}

function onRevisions(kinds: Settings['kinds'], scope: Scope): Permission[] {
  return kinds.map((kind) => ({
    ...accessedResource(workloadEntry(kind).revisions),
    verb: 'list',
    ...scope,
    purpose:
      'count the rollouts of a workload if its annotation rollout-history was removed, with rollouts.limit',
    without: {
      pass: 'degrades',
      sentence:
        'a workload has no limit if another tool removes its annotation rollout-history: exit status 0',
    },
  }));
}

function onEnforced(scope: Scope): Permission[] {
  return sourceKinds.map((kind) => ({
    ...accessedResource(sourceEntry(kind)),
    verb: 'delete',
    ...scope,
    purpose: `change owner references if the admission plugin OwnerReferencesPermissionEnforcement is enabled, ${withOwnership}`,
    without: fails(
      'no source gets owner references (ownership: off does not need it): Failed, exit status 1',
    ),
  }));
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
    sentence: 'Events are not recorded, and the pass reports how many: exit status 0',
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
        'continue the series of an Event, and read from it how often a removed hash was written',
      without,
    },
  ];
}

function fails(sentence: string): Permission['without'] {
  return { pass: 'fails', sentence };
}
