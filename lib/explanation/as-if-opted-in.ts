import type { WorkloadKind } from '../kubernetes/kinds.ts';
import type { WorkloadObject } from '../kubernetes/objects.ts';
import { readWorkload, type Workload, type WorkloadRules } from '../rules/workload.ts';

/** Reads a workload as if it had opted in, to explain a workload that is not opted in. */
export function asIfOptedIn(
  kind: WorkloadKind,
  object: WorkloadObject,
  rules: WorkloadRules,
): Workload {
  const { metadata } = object;
  const annotations = {
    ...metadata?.annotations,
    [rules.annotations.updateOnConfigChange]: 'true',
  };
  const workload = readWorkload(kind, { ...object, metadata: { ...metadata, annotations } }, rules);
  if (workload === undefined) throw new Error('a workload that is opted in is not seen');
  return workload;
}
