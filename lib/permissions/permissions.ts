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

/** A permission that a pass needs. */
export interface Permission extends ResourceAccess {
  /** Follows "it is needed to". */
  readonly purpose: string;
  /** What happens to a pass without it. */
  readonly without: {
    /**
     * `fails`: the pass ends with a status other than 0. `degrades`: it does its work and reports
     * what it could not do.
     */
    readonly pass: 'fails' | 'degrades';
    /** Follows "without it". */
    readonly sentence: string;
  };
}

/** The name of a Lease. */
export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
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
    without: fails('no workload is processed: exit status 3'),
  },
];

function onWorkloads(kinds: Settings['kinds'], scope: Scope): Permission[] {
  return kinds.flatMap((kind) => {
    const workloads = { apiGroup: 'apps', resource: `${kind.toLowerCase()}s`, ...scope };
    return [
      {
        ...workloads,
        verb: 'list' as const,
        purpose: 'find the workloads that opted in',
        without: fails(
          'workloads of this kind are not processed: exit status 1, or 3 if nothing could be listed',
        ),
      },
      {
        ...workloads,
        verb: 'get' as const,
        purpose: 'read a workload again that another client changed during the pass',
        without: fails('that workload is left to the next pass: Failed, exit status 1'),
      },
      {
        ...workloads,
        verb: 'patch' as const,
        purpose: 'write the hash on the pod template',
        without: fails('no workload of this kind is restarted: Failed, exit status 1'),
      },
    ];
  });
}

function onSources(scope: Scope): Permission[] {
  return ['configmaps', 'secrets'].map((resource) => ({
    apiGroup: '',
    resource,
    verb: 'get' as const,
    ...scope,
    purpose: 'read the sources that workloads reference',
    without: fails(
      'workloads that reference one are not restarted: UnreadableSource, exit status 1',
    ),
  }));
}

const withOwnership = 'with ownership: references or finalizer';
const unprotected = fails(
  'hashes are written, but no source gets owner references: Failed, exit status 1',
);

function onOwned(scope: Scope): Permission[] {
  return ['configmaps', 'secrets'].map((resource) => ({
    apiGroup: '',
    resource,
    verb: 'patch',
    ...scope,
    purpose: `add owner references to the sources that workloads use, ${withOwnership}`,
    without: unprotected,
  }));
}

const onKubeSystem: Permission = {
  apiGroup: '',
  resource: 'namespaces',
  verb: 'get',
  // RBAC treats a Namespace as an object in itself.
  namespace: 'kube-system',
  resourceName: 'kube-system',
  purpose: `add the namespace kube-system, which nobody can delete, as an owner, ${withOwnership}`,
  without: unprotected,
};

/**
 * By name, even if a permission for all Secrets exists, so that a missing permission is reported
 * with its own purpose.
 */
function onHashKey({ hashKey }: Settings, lease: LeaseName): Permission[] {
  if (hashKey === undefined) return [];
  const { namespace, name } = hashKeySecret(hashKey, lease.namespace);
  const secrets = { apiGroup: '', resource: 'secrets', namespace };
  const reading: Permission = {
    ...secrets,
    verb: 'get',
    resourceName: name,
    purpose: 'read the key of the hashes, with hashKey',
    without: fails('no workload is processed: exit status 3'),
  };
  if (hashKey !== autoHashKey) return [reading];
  const creating: Permission = {
    ...secrets,
    // RBAC cannot limit `create` to a name; the admission policies do.
    verb: 'create',
    purpose: 'create the Secret of hashKey: auto if it does not exist',
    without: {
      pass: 'degrades',
      sentence:
        'hashes are made without a key until somebody creates it, and the pass logs a warning: exit status 0',
    },
  };
  return [reading, creating];
}

/**
 * Whether this is the permission to create the Secret of `hashKey: auto`. It is not needed once the
 * Secret exists.
 */
export function createsHashKey({ resource, verb }: ResourceAccess): boolean {
  return resource === 'secrets' && verb === 'create';
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
      'see when the Pods of a workload were created, with adoption: if-changed or restart: if-stale',
  };
  const replicaSets: Permission = {
    apiGroup: 'apps',
    resource: 'replicasets',
    ...permission,
    purpose:
      'see which Pods belong to a Deployment, with adoption: if-changed or restart: if-stale, and for rollouts.limit',
  };
  return kinds.includes('Deployment') ? [pods, replicaSets] : [pods];
}

function onRevisions(kinds: Settings['kinds'], scope: Scope): Permission[] {
  return kinds.map((kind) => ({
    apiGroup: 'apps',
    resource: kind === 'Deployment' ? 'replicasets' : 'controllerrevisions',
    verb: 'list',
    ...scope,
    purpose:
      'count the rollouts of a workload if its annotation rollout-history was removed, with rollouts.limit',
    without: {
      pass: 'degrades',
      sentence:
        'a workload is restarted without a limit if another tool removes its annotation rollout-history: exit status 0',
    },
  }));
}

function onEnforced(scope: Scope): Permission[] {
  return ['configmaps', 'secrets'].map((resource) => ({
    apiGroup: '',
    resource,
    verb: 'delete',
    ...scope,
    purpose: `change owner references if the admission plugin OwnerReferencesPermissionEnforcement is enabled, ${withOwnership}`,
    without: fails(
      'no source gets owner references (not needed with ownership: off): Failed, exit status 1',
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
        purpose: 'read who holds the Lease',
        without: fails('no pass runs: exit status 3'),
      },
      {
        ...leases,
        verb: 'patch',
        resourceName,
        purpose: 'take, renew and release the Lease',
        without: fails('no pass runs once the Lease exists: exit status 3'),
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
      purpose: 'record Events on workloads',
      without,
    },
    {
      ...events,
      verb: 'patch',
      purpose:
        'count a repeated warning on its Event, and read from an Event how often a removed hash was written',
      without,
    },
  ];
}

function fails(sentence: string): Permission['without'] {
  return { pass: 'fails', sentence };
}
