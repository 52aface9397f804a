/**
 * The permissions that the roles of an installation grant, and the permissions that settings need,
 * as comparable texts.
 */
import assert from 'node:assert/strict';
import { neededPermissions, permissionsWhereEnforced } from '../../lib/permissions/permissions.ts';
import { createsHashKey } from '../../lib/permissions/source-permissions.ts';
import { defaultSettings, type Settings } from '../../lib/settings/schema.ts';
import type { KubernetesObject } from '../../tools/control-plane/api.ts';
import type { Rule } from '../../tools/control-plane/testing.ts';
import { objectOf } from './kustomize.ts';

type Role = KubernetesObject & { rules: Rule[] };
type Binding = KubernetesObject & {
  roleRef: { kind: string; name: string };
  subjects: { kind: string; name: string; namespace?: string }[];
};

/** A permission as a text: `get core/secrets everywhere`, or `patch coordination.k8s.io/leases wave-cron in ops`. */
const inWords = (
  verb: string,
  group: string,
  resource: string,
  name: string | undefined,
  namespace: string | undefined,
): string =>
  [
    ...[verb, `${group || 'core'}/${resource}`, name],
    // A permission for a single Namespace is the same in a Role as in a ClusterRole.
    resource === 'namespaces' && name !== undefined
      ? undefined
      : namespace
        ? `in ${namespace}`
        : 'everywhere',
  ]
    .filter((part) => part !== undefined)
    .join(' ');

/** The permissions of the only ServiceAccount in these objects, from the roles that are bound to it. */
export function granted(objects: readonly KubernetesObject[]): string[] {
  const account = objectOf(objects, 'ServiceAccount').metadata;
  const bindings = objects.filter((it): it is Binding => /^(Cluster)?RoleBinding$/.test(it.kind));
  return bindings.flatMap(({ kind, metadata, roleRef, subjects }) => {
    assert.deepEqual(subjects, [
      { kind: 'ServiceAccount', name: account.name, namespace: account.namespace },
    ]);
    const namespace = kind === 'ClusterRoleBinding' ? undefined : metadata.namespace;
    const within = objects.filter(
      (it) => it.kind === 'ClusterRole' || it.metadata.namespace === namespace,
    );
    const role = objectOf<Role>(within, roleRef.kind, roleRef.name);
    return role.rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.flatMap((name) =>
            verbs.map((verb) => inWords(verb, group, resource, name, namespace)),
          ),
        ),
      ),
    );
  });
}

export type Needs = Partial<Settings> & {
  enforced?: boolean;
  /**
   * Whether the admission policies are part of the installation. Without them, there is no permission to create
   * Secrets. Default true.
   */
  admissionPolicies?: boolean;
};

/** The permissions that the shipped settings with these changes need, if the Lease is in `namespace`. */
export function needed(
  namespace: string,
  { enforced = false, admissionPolicies = true, ...own }: Needs = {},
): string[] {
  const settings: Settings = { ...defaultSettings, hashKey: 'auto', ...own };
  const lease = {
    namespace: settings.lease.namespace ?? namespace,
    name: settings.lease.name,
  };
  const permissions = neededPermissions(settings, lease).filter(
    (permission) => admissionPolicies || !createsHashKey(permission),
  );
  return [...permissions, ...(enforced ? permissionsWhereEnforced(settings) : [])].map(
    (permission) =>
      inWords(
        permission.verb,
        permission.apiGroup,
        permission.resource,
        permission.resourceName,
        permission.namespace,
      ),
  );
}
