import { type Change, type Hold, heldBecause } from './hold.ts';

/**
 * Holds a workload if its namespace could not be read: an annotation of the namespace may pause the
 * workload.
 */
export function policyUnreadable(
  { workload, changed }: Change,
  why: string,
): Hold<'PolicyUnreadable'> {
  const cause = `the annotations of namespace ${workload.namespace} could not be read, which may hold rollouts back (${why})`;
  return {
    reason: 'PolicyUnreadable',
    sentence: `${heldBecause(changed, cause, 'they can be')}; grant get on namespaces, or set rollouts.namespaceAnnotations to off`,
  };
}

/** The hold of a workload whose policy has an invalid value. */
export function policyInvalid({ changed }: Change, problem: string): Hold<'InvalidAnnotation'> {
  return {
    reason: 'InvalidAnnotation',
    sentence: heldBecause(
      changed,
      `its rollout policy is invalid (${problem})`,
      'that is corrected',
    ),
  };
}
