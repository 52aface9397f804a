import type { ResourceAccess } from './permission.ts';

/** A rule of a Role or ClusterRole of rbac.authorization.k8s.io/v1. */
export interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Rules for one ClusterRole, or for equal Roles in several namespaces. */
export type RoleRules =
  | { readonly kind: 'ClusterRole'; readonly rules: readonly RoleRule[] }
  | {
      readonly kind: 'Role';
      readonly namespaces: readonly string[];
      readonly rules: readonly RoleRule[];
    };

/** The smallest list of rules that allow exactly these accesses, in the order of the accesses. */
export function roleRules(accesses: readonly ResourceAccess[]): RoleRules[] {
  const byNamespace = Map.groupBy(accesses, ({ namespace }) => namespace);
  const scopes = [...byNamespace].map(([namespace, own]) => ({ namespace, rules: rulesFor(own) }));
  const alike = Map.groupBy(scopes, ({ namespace, rules }) =>
    JSON.stringify([namespace === undefined, rules]),
  );
  return [...alike.values()].flatMap((group): RoleRules[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { rules } = first;
    const namespaces = group.flatMap(({ namespace }) => namespace ?? []);
    return [
      namespaces.length === 0
        ? { kind: 'ClusterRole', rules }
        : { kind: 'Role', namespaces, rules },
    ];
  });
}

/** Merges the verbs of each resource first, then the resources of a group with the same verbs. */
function rulesFor(accesses: readonly ResourceAccess[]): RoleRule[] {
  const byResource = Map.groupBy(accesses, ({ apiGroup, resource, resourceName }) =>
    JSON.stringify([apiGroup, resource, resourceName]),
  );
  const perResource = [...byResource.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, verbs: group.map(({ verb }) => verb) }];
  });
  const byVerbs = Map.groupBy(perResource, ({ apiGroup, resourceName, verbs }) =>
    JSON.stringify([apiGroup, resourceName, verbs]),
  );
  return [...byVerbs.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { apiGroup, resourceName, verbs } = first;
    return [
      {
        apiGroups: [apiGroup],
        resources: group.map(({ resource }) => resource),
        ...(resourceName === undefined ? {} : { resourceNames: [resourceName] }),
        verbs,
      },
    ];
  });
}
