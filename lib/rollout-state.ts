import type { LabelSelector, WorkloadObject } from './pod-spec.ts';
import type { WorkloadKind } from './workload.ts';

/** Whether the controller has still Pods to replace, as far as the status says. */
export function isRollingOut(kind: WorkloadKind, { metadata, status }: WorkloadObject): boolean {
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return true;
  switch (kind) {
    case 'Deployment':
      return (status?.updatedReplicas ?? 0) !== (status?.replicas ?? 0);
    case 'StatefulSet':
      return status?.currentRevision !== status?.updateRevision;
    case 'DaemonSet':
      return (status?.updatedNumberScheduled ?? 0) !== (status?.desiredNumberScheduled ?? 0);
  }
}

/** Whether no Pod of it runs, as far as the status says. */
export function hasNoPods(kind: WorkloadKind, { metadata, status }: WorkloadObject): boolean {
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return false;
  if (kind !== 'DaemonSet') return (status?.replicas ?? 0) === 0;
  return (status?.currentNumberScheduled ?? 0) + (status?.numberMisscheduled ?? 0) === 0;
}

/** A selector of a spec as the text that a list takes. */
export function selectorText({ matchLabels, matchExpressions }: LabelSelector): string {
  return [
    ...Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(matchExpressions ?? []).map(({ key, operator, values }) => {
      const list = `(${(values ?? []).join(',')})`;
      if (operator === 'In') return `${key} in ${list}`;
      if (operator === 'NotIn') return `${key} notin ${list}`;
      return operator === 'DoesNotExist' ? `!${key}` : `${key}`;
    }),
  ].join(',');
}
