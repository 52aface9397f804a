import type { ReplicaSetObject } from '../../kubernetes/objects.ts';

/** The controller of a Pod or ReplicaSet. */
export interface Controller {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * The Pods of one controller and revision. Of the Pods that have started to read sources, the
 * oldest counts.
 */
export interface PodGroup {
  /** Undefined if they have none; they may be adopted at any time. */
  readonly controller: Controller | undefined;
  /** Their label `controller-revision-hash`. */
  readonly revision: string | undefined;
  /** Their label `pod-template-generation`. */
  readonly generation: string | undefined;
  /** The oldest of those with a node; undefined if none has one. */
  readonly oldest: PodAge | undefined;
}

export interface PodAge {
  readonly name: string;
  /** `metadata.creationTimestamp`, by the clock of an API server; empty if missing. */
  readonly createdAt: string;
}

export interface ReplicaSet {
  readonly uid: string;
  readonly controller: Controller | undefined;
  /** `templateDigest` of its pod template. */
  readonly template: string;
  /** Whether it has desired Pods. */
  readonly wantsPods: boolean;
}

/** The Pods that match the selector of a workload, or why they could not be read. */
export type PodsReading =
  | {
      readonly state: 'read';
      /** By our own clock, in milliseconds. */
      readonly readAt: number;
      readonly groups: readonly PodGroup[];
      /** Only for a Deployment. */
      readonly replicaSets: readonly ReplicaSet[];
    }
  | { readonly state: 'unreadable'; readonly why: string };

export function controllerOf({ metadata }: Pick<ReplicaSetObject, 'metadata'>) {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  return { kind: owner.kind ?? '', name: owner.name ?? '', uid: owner.uid ?? '' };
}
