import { inert, type KindRollout, type PodControl } from './rollout.ts';

/**
 * The rollout of an unknown kind: it is not known how its controller replaces Pods, or what its status means.
 * Such a workload counts neither as healthy nor as failed.
 */
export const unknownRollout: KindRollout = {
  isReported: false,
  podsFollow: () => 'unknown',
  progress: () => ({ desired: 0, existing: 0, updated: 0, available: 0 }),
  hasNoPods: () => false,
  keepsSomePods: () => false,
  blockersOfSpec: () => [],
  blockersOfStatus: () => [],
  waitsForEachPod: false,
  state: () => inert,
};

export const unknownPods: PodControl = { controlledBy: 'unknown' };
