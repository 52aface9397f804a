import { type WorkloadKind, workloadEntry } from '../kubernetes/kinds.ts';
import type { LabelSelector, WorkloadObject } from '../kubernetes/objects.ts';

/** Whether no Pod of it runs, as far as the status says. */
export function hasNoPods(kind: WorkloadKind, { metadata, status }: WorkloadObject): boolean {
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return false;
  return workloadEntry(kind).rollout.hasNoPods(status ?? {});
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
