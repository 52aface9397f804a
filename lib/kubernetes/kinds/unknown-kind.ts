import { inert, type KindRollout, type PodControl } from './rollout.ts';

/**
 * A kind of which nothing is known: neither how its controller replaces Pods, nor what its status
 * says. It counts as neither healthy nor failed.
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
