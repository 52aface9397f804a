import type { ApiResource, WorkloadKind } from '../kubernetes/kinds.ts';

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
  /** The effect on a pass if the permission is missing. */
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

/** A text that is equal for permissions that differ only in the namespace. */
export function inAnyNamespace({ apiGroup, resource, verb, resourceName }: ResourceAccess): string {
  return [verb, apiGroup, resource, resourceName].join(' ');
}

/** Returns the API resource under which the cluster serves a workload kind. */
export type ResourceOf = (kind: WorkloadKind) => ApiResource;

/** The namespace of a permission; without one, all namespaces. */
export type Scope = Pick<ResourceAccess, 'namespace'>;

/** The effect of a missing permission that a pass needs for its work. */
export function fails(sentence: string): Permission['without'] {
  return { pass: 'fails', sentence };
}
