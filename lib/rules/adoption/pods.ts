import { type PodRevision, referencedKind } from '../../kubernetes/kinds.ts';
import type { ReplicaSetObject } from '../../kubernetes/objects.ts';

/** The controller of a Pod or ReplicaSet. */
export interface Controller {
  /**
   * The kind of the controller, as a WorkloadKind if the controller may be a workload: another API
   * may have a kind with the same name.
   */
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * The Pods of one controller and revision. Only the oldest Pod that may have read sources is kept.
 */
export interface PodGroup extends PodRevision {
  /** Undefined: these Pods have no controller, and another one may adopt them at any time. */
  readonly controller: Controller | undefined;
  /** The oldest Pod with a node; undefined if no Pod has a node. */
  readonly oldest: PodAge | undefined;
  /** All Pods of the group. Present if the caller asked for them. */
  readonly pods?: readonly PodIdentity[];
}

export interface PodIdentity {
  readonly name: string;
  readonly uid: string;
}

export interface PodAge {
  readonly name: string;
  /** `metadata.creationTimestamp`, by the clock of an API server; empty if missing. */
  readonly createdAt: string;
}

export interface ReplicaSetFacts {
  readonly uid: string;
  readonly controller: Controller | undefined;
  /** The `templateDigest` of the ReplicaSet's pod template. */
  readonly template: string;
  /** The hash of the pod template in a label, if the kind has such a label. */
  readonly podHash?: string | undefined;
  /** Whether the ReplicaSet has desired Pods. */
  readonly wantsPods: boolean;
}

/** The Pods that match the selector of a workload, or why they could not be read. */
export type PodsReading =
  | {
      readonly state: 'read';
      /** The time of the read according to our own clock, in milliseconds. */
      readonly readAt: number;
      readonly groups: readonly PodGroup[];
      /** The ReplicaSets of a workload, if they control its Pods. */
      readonly replicaSets: readonly ReplicaSetFacts[];
    }
  | { readonly state: 'unreadable'; readonly why: string };

export function controllerOf({ metadata }: Pick<ReplicaSetObject, 'metadata'>) {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const kind = referencedKind(owner) ?? owner.kind ?? '';
  return { kind, name: owner.name ?? '', uid: owner.uid ?? '' };
}
