import { type WorkloadKind, workloadEntry } from '../kubernetes/kinds.ts';
import type { WorkloadName } from '../kubernetes/names.ts';
import type { WorkloadObject } from '../kubernetes/objects.ts';

/**
 * A workload whose Pods have the pod template of another one, as a Rollout with a `workloadRef` has
 * that of a Deployment. The hash belongs on that template. Pods, health and revisions are those of
 * the user, and the owner of the template may have no Pods of its own.
 */

/** Whose status says how the Pods with a template are replaced: the owner itself, or its user. */
export interface Runner {
  readonly kind: WorkloadKind;
  readonly object: WorkloadObject;
}

/** Identifies a runner that is not the owner of the template. */
export interface RunBy {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly uid: string;
}

/** The fields of a user that matter to the owner of its template. */
export function userOf(kind: WorkloadKind, object: WorkloadObject): Runner {
  return { kind, object: workloadEntry(kind).withoutTheRest?.(object) ?? object };
}

/** The owner of the pod template of an object; undefined if the object has its own. */
export function templateOwner(
  kind: WorkloadKind,
  object: WorkloadObject,
): WorkloadName | undefined {
  const owner = workloadEntry(kind).templateOwner?.(object);
  return owner && { ...owner, namespace: object.metadata?.namespace ?? '' };
}

/**
 * The runner of a template, as if it had the template itself. Its status counts as observed only if
 * its controller has seen this version of the owner.
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
