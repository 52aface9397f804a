/** What the roles of an installation grant, and what settings need, in the same words. */
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

/** `get core/secrets everywhere`, `patch coordination.k8s.io/leases wave-cron in ops` */
const inWords = (
  verb: string,
  group: string,
  resource: string,
  name: string | undefined,
  namespace: string | undefined,
): string =>
  [
    ...[verb, `${group || 'core'}/${resource}`, name],
    // One Namespace is what it is, whether a Role there names it or a ClusterRole does.
    resource === 'namespaces' && name !== undefined
      ? undefined
      : namespace
        ? `in ${namespace}`
        : 'everywhere',
  ]
    .filter((part) => part !== undefined)
    .join(' ');

/** What the only ServiceAccount of these objects is allowed by roles that are bound to it. */
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
  /** Without it no permission to create Secrets is given. Default true. */
  admissionPolicies?: boolean;
};

/** What settings need whose Lease is in `namespace`, as they are shipped but for these. */
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
