import type { ManagedFields, PodTemplate } from '../objects.ts';
import type { WorkloadKindEntry } from './entry.ts';

type HasPodTemplate = Pick<WorkloadKindEntry, 'podTemplatePath'>;

/** The labels that controllers add to the pod templates of ReplicaSets. */
export const labelsOfControllers: readonly string[] = [
  'pod-template-hash',
  'rollouts-pod-template-hash',
];

/** The pod template of a workload; empty if it has none. */
export function podTemplateOf({ podTemplatePath }: HasPodTemplate, object: object): PodTemplate {
  return (memberAt(object, podTemplatePath) ?? {}) as PodTemplate;
}

/** A patch, or a part of one, that changes only the pod template. */
export function podTemplatePatch({ podTemplatePath }: HasPodTemplate, template: object): object {
  return podTemplatePath.reduceRight<object>((patch, member) => ({ [member]: patch }), template);
}

/** Whether an entry of `managedFields` has fields of the pod template. */
export function writesPodTemplate(
  { podTemplatePath }: HasPodTemplate,
  { fieldsV1 }: Pick<ManagedFields, 'fieldsV1'>,
): boolean {
  const path = podTemplatePath.map((member) => `f:${member}`);
  return memberAt(fieldsV1, path) !== undefined;
}

/** Undefined if a part of the path is missing. */
function memberAt(object: unknown, path: readonly string[]): unknown {
  let here = object;
  for (const member of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[member];
  }
  return here;
}
