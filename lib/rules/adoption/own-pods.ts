/** Determines which Pods belong to a workload, and which of them have its current pod template. Pure. */

import { isSameKind, workloadEntry, workloadKindOf } from '../../kubernetes/kinds.ts';
import type { RunBy } from '../template-user.ts';
import type { Workload } from '../workload.ts';
import type { PodGroup, PodsReading, ReplicaSetFacts } from './pods.ts';
import type { Rollout } from './rollout.ts';

export interface SortedPods {
  readonly own: readonly PodGroup[];
  /** All groups except those that certainly have an earlier template. */
  readonly counted: readonly PodGroup[];
  /** Whether Pods with an earlier template exist, or a controller still wants some. */
  readonly wantsOlder: boolean;
  readonly knowsNewest: boolean;
}

export type ReadPods = Extract<PodsReading, { readonly state: 'read' }>;

export function sortedPods(workload: Workload, rollout: Rollout, pods: ReadPods): SortedPods {
  const own = pods.groups.filter((group) => relationOf(workload, group, pods) !== 'other');
  const older = own.filter((group) => relationOf(workload, group, pods) === 'older');
  const ownSets = pods.replicaSets.filter(({ controller }) => isOwn(workload, controller));
  const oldSets = ownSets.filter((set) => !isNewestSet(rollout, set));
  return {
    own,
    counted: own.filter((group) => !older.includes(group)),
    wantsOlder: older.length > 0 || oldSets.some(({ wantsPods }) => wantsPods),
    knowsNewest: !hasPodsOfRevisions(workload) || oldSets.length < ownSets.length,
  };
}

export interface NewestPods {
  /** The Pods that certainly have the current pod template. */
  readonly groups: readonly PodGroup[];
  /** Whether the groups contain all Pods that belong or may belong to the workload. */
  readonly areAll: boolean;
}

/** The Pods of a workload with its current pod template, or the reason why they are unknown. */
export function newestPods(
  workload: Workload,
  pods: ReadPods,
): NewestPods | { readonly why: string } {
  const { rollout } = workload;
  if (rollout === undefined) return { why: 'its rollout is unknown' };
  if (workload.mayBeRunByOther) {
    return { why: 'a workload that could not be read may use its pod template' };
  }
  const { own, wantsOlder, knowsNewest } = sortedPods(workload, rollout, pods);
  const groups = own.filter((group) => relationOf(workload, group, pods) === 'newest');
  const isDone = !wantsOlder && knowsNewest && isSettled(workload);
  return { groups, areAll: isDone && groups.length === own.length };
}

/** The workload whose controller starts the Pods. */
export function runnerOf(workload: Workload): RunBy {
  return workload.runBy ?? workload;
}

type Relation = 'newest' | 'older' | 'unknown' | 'other';

/**
 * The relation of a group of Pods to a workload. `unknown`: the Pods have no controller, or the controller no
 * longer exists. They may belong to the workload, or it may adopt them. Their template is not known.
 */
function relationOf(workload: Workload, group: PodGroup, pods: PodsReading): Relation {
  const { rollout } = workload;
  const { kind, uid } = runnerOf(workload);
  const { controller } = group;
  if (controller === undefined || rollout === undefined || pods.state !== 'read') return 'unknown';
  const { pods: control, revisions } = workloadEntry(kind);
  if (control.controlledBy === 'unknown') return 'unknown';
  if (control.controlledBy === 'revision') {
    if (controller.kind !== revisions?.kind) return 'other';
    const set = pods.replicaSets.find(({ uid }) => uid === controller.uid);
    if (set === undefined) return 'unknown';
    if (!isOwn(workload, set.controller)) return 'other';
    return isNewestSet(rollout, set) ? 'newest' : 'older';
  }
  if (controller.uid !== uid) return isOwn(workload, controller) ? 'unknown' : 'other';
  const ofWorkload = pods.groups.filter((each) => each.controller?.uid === uid);
  const alike = ofWorkload.every(({ revision }) => revision === group.revision);
  // All Pods have the same revision. According to the status, it is the revision of the current template.
  if (alike && (rollout.neverChanged || control.areNewestIfAlike(rollout))) return 'newest';
  return control.isNewest(group, rollout) && group.revision !== undefined ? 'newest' : 'older';
}

function isNewestSet(rollout: Rollout, set: ReplicaSetFacts): boolean {
  if (!('podHash' in rollout)) return set.template === rollout.template;
  return rollout.podHash !== undefined && set.podHash === rollout.podHash;
}

export function hasPodsOfRevisions(workload: Workload): boolean {
  return workloadEntry(runnerOf(workload).kind).pods.controlledBy === 'revision';
}

/**
 * Compares the uid or the name, because the workload may have been deleted and created again while its Pods
 * stayed.
 */
function isOwn(workload: Workload, controller: PodGroup['controller']): boolean {
  const { kind, name, uid } = runnerOf(workload);
  if (controller === undefined || controller.uid === uid) return true;
  const its = workloadKindOf(controller.kind);
  return its !== undefined && isSameKind(its, kind) && controller.name === name;
}

/**
 * Whether the status of the workload says that no Pod with an earlier template is left. Always true
 * for a Deployment, because its ReplicaSets show which Pods are left.
 */
export function isSettled(workload: Workload): boolean {
  const { rollout, podsFollow } = workload;
  const { pods } = workloadEntry(runnerOf(workload).kind);
  if (pods.controlledBy !== 'workload' || rollout === undefined || rollout.neverChanged)
    return true;
  const neverSaysSo = podsFollow === 'when deleted' && !pods.completesWhenDeleted;
  return rollout.observed && (neverSaysSo || rollout.complete);
}
