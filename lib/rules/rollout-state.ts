import { isObserved, type WorkloadKind, workloadEntry } from '../kubernetes/kinds.ts';
import type { LabelSelector, WorkloadObject } from '../kubernetes/objects.ts';

/** Whether the workload has no Pods, according to its status. */
export function hasNoPods(kind: WorkloadKind, object: WorkloadObject): boolean {
  return isObserved(object) && workloadEntry(kind).rollout.hasNoPods(object.status ?? {});
}

/** The selector of a spec in the text form for lists. */
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
