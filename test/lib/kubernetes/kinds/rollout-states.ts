import {
  type RolloutState,
  type WorkloadKind,
  workloadEntry,
} from '../../../../lib/kubernetes/kinds.ts';
import type { WorkloadObject } from '../../../../lib/kubernetes/objects.ts';

export type Spec = NonNullable<WorkloadObject['spec']>;
export type Status = NonNullable<WorkloadObject['status']>;

/**
 * The rollout state of a workload of generation 2. Its controller has seen this generation, unless the status
 * says otherwise.
 */
export function state(kind: WorkloadKind, spec: Spec, status: Status): RolloutState {
  return workloadEntry(kind).rollout.state({
    metadata: { name: 'db', generation: 2 },
    spec,
    status: { observedGeneration: 2, ...status },
  });
}

export function phaseOf(...of: Parameters<typeof state>): RolloutState['phase'] {
  return state(...of).phase;
}

/** The status of a workload that has replicas. */
export function pods(replicas: number, updatedReplicas: number, availableReplicas: number): Status {
  return { replicas, updatedReplicas, availableReplicas };
}
