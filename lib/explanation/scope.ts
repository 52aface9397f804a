import type { WorkloadName } from '../kubernetes/names.ts';
import type { Settings } from '../settings/schema.ts';
import type { Scope } from './explanation.ts';

/** Whether a selector matches; undefined if it could not be checked, or if no check is needed. */
export interface SelectorMatches {
  readonly namespace: boolean | undefined;
  readonly workload: boolean | undefined;
}

/** Whether a pass with these settings lists the workload; if not, which settings exclude it. */
export function scopeOf(
  { kind, namespace }: WorkloadName,
  settings: Settings,
  matches: SelectorMatches,
): Scope {
  const { kinds, namespaces, ignoreNamespaces, namespaceSelector, workloadSelector } = settings;
  const why: string[] = [];
  if (!kinds.includes(kind))
    why.push(`setting kinds is ${kinds.join(', ')}, which does not include ${kind}`);
  if (namespaces.length > 0 && !namespaces.includes(namespace)) {
    why.push(`setting namespaces is ${namespaces.join(', ')}, which does not include ${namespace}`);
  }
  if (ignoreNamespaces.includes(namespace))
    why.push(`setting ignoreNamespaces includes ${namespace}`);
  if (matches.namespace === false) {
    why.push(
      `namespace ${namespace} does not match setting namespaceSelector, ${namespaceSelector}`,
    );
  }
  if (matches.workload === false) {
    why.push(`its labels do not match setting workloadSelector, ${workloadSelector}`);
  }
  if (why.length > 0) return { yes: false, why };
  const unknown =
    (namespaceSelector !== '' && matches.namespace === undefined) ||
    (workloadSelector !== '' && matches.workload === undefined);
  return { yes: unknown ? null : true, why: [] };
}
