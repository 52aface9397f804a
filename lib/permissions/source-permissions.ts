import { isSourceKind, secret, sourceEntry, sourceKinds } from '../kubernetes/kinds.ts';
import type { LeaseName } from '../kubernetes/names.ts';
import { autoHashKey, hashKeySecret } from '../rules/hash/hash-keys.ts';
import type { Settings } from '../settings/schema.ts';
import {
  accessedResource,
  fails,
  type Permission,
  type ResourceAccess,
  type Scope,
} from './permission.ts';

export function onSources({ sourceKinds: counted }: Settings, scope: Scope): Permission[] {
  return counted.filter(isSourceKind).map((kind) => ({
    ...accessedResource(sourceEntry(kind)),
    verb: 'get' as const,
    ...scope,
    purpose: 'read the sources of workloads',
    without: fails(
      'workloads that reference such a source are not changed: UnreadableSource, exit status 1',
    ),
  }));
}

const withOwnership = '(with ownership: references or finalizer)';
const unprotected = fails(
  'hashes are written, but no source gets owner references: Failed, exit status 1',
);

export function onOwned(scope: Scope): Permission[] {
  return sourceKinds.map((kind) => ({
    ...accessedResource(sourceEntry(kind)),
    verb: 'patch',
    ...scope,
    purpose: `add owner references to the sources of workloads ${withOwnership}`,
    without: unprotected,
  }));
}

export const onKubeSystem: Permission = {
  apiGroup: '',
  resource: 'namespaces',
  verb: 'get',
  // For RBAC, a Namespace object is in the namespace with its own name.
  namespace: 'kube-system',
  resourceName: 'kube-system',
  purpose: `read the uid of the Namespace kube-system, which becomes an owner too ${withOwnership}`,
  without: unprotected,
};

export function onEnforced(scope: Scope): Permission[] {
  return sourceKinds.map((kind) => ({
    ...accessedResource(sourceEntry(kind)),
    verb: 'delete',
    ...scope,
    purpose: `change owner references if the admission plugin OwnerReferencesPermissionEnforcement is enabled ${withOwnership}`,
    without: fails(
      'no source gets owner references (ownership: off does not need this permission): Failed, exit status 1',
    ),
  }));
}

/**
 * The permissions on the Secret of the hash key. The one to read it is limited to its name, even next to a
 * permission for all Secrets. So a missing permission is reported with its own purpose.
 */
export function onHashKey({ hashKey }: Settings, lease: LeaseName): Permission[] {
  if (hashKey === undefined) return [];
  const { namespace, name } = hashKeySecret(hashKey, lease.namespace);
  const secrets = { ...accessedResource(secret), namespace };
  const reading: Permission = {
    ...secrets,
    verb: 'get',
    resourceName: name,
    purpose: 'read the key of the hashes (with hashKey)',
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

/** The permissions to list sources for patterns. RBAC cannot limit `list` to metadata. */
export function onPatterns({ namePatterns }: Settings, scope: Scope): Permission[] {
  return namePatterns.map((kind) => {
    const { isConfidential } = sourceEntry(kind);
    const cost = isConfidential ? `; a thief of the token can then read every ${kind}` : '';
    return {
      ...accessedResource(sourceEntry(kind)),
      verb: 'list',
      ...scope,
      purpose: `find the ${kind}s that a pattern matches (with namePatterns)${cost}`,
      without: fails(
        'workloads with such a pattern are not changed: UnreadableSource, exit status 1',
      ),
    };
  });
}
