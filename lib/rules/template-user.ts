import { type WorkloadKind, workloadEntry } from '../kubernetes/kinds.ts';
import type { WorkloadName } from '../kubernetes/names.ts';
import type { WorkloadObject } from '../kubernetes/objects.ts';

/**
 * Some workloads have no pod template of their own: a Rollout with a `workloadRef` uses the template of a
 * Deployment. In this code, the Rollout is the template user, and the Deployment is the template owner.
 *
 * wave-cron writes the hash to the template of the owner. But Pods, health and revisions are those of the user,
 * and the owner may have no Pods of its own.
 */

/**
 * The workload whose status reports how Pods with a template are replaced: the template owner itself, or the
 * template user.
 */
export interface Runner {
  readonly kind: WorkloadKind;
  readonly object: WorkloadObject;
}

/** Identifies a runner that is the template user. */
export interface RunBy {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly uid: string;
}

/** The fields of a template user that matter to the template owner. */
export function userOf(kind: WorkloadKind, object: WorkloadObject): Runner {
  return { kind, object: workloadEntry(kind).withoutTheRest?.(object) ?? object };
}

/** The template owner of an object; undefined if the object has its own template. */
export function templateOwner(
  kind: WorkloadKind,
  object: WorkloadObject,
): WorkloadName | undefined {
  const owner = workloadEntry(kind).templateOwner?.(object);
  return owner && { ...owner, namespace: object.metadata?.namespace ?? '' };
}

/**
 * The runner of a template, in the form of an object with its own template. Its status counts as observed only
 * if its controller has seen this version of the template owner.
 */
export function runnerOf(
  kind: WorkloadKind,
  object: WorkloadObject,
  user: Runner | undefined,
): Runner {
  if (user === undefined) return { kind, object };
  const { metadata, spec, status } = user.object;
  const seen = Number(status?.workloadObservedGeneration ?? 0);
  const isSeen = seen >= (object.metadata?.generation ?? 0);
  return {
    kind: user.kind,
    object: {
      metadata,
      spec: { ...spec, template: object.spec?.template, selector: object.spec?.selector },
      status: isSeen ? status : { ...status, observedGeneration: 0 },
    },
  };
}

export function runByOf({ kind, object }: Runner): RunBy {
  return { kind, name: object.metadata?.name ?? '', uid: object.metadata?.uid ?? '' };
}
