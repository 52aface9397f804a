import { currentRevision, type Revision, revisionsOf } from '../../lib/explanation/revisions.ts';
import type { WorkloadInspector } from '../../lib/kubernetes/inspector.ts';
import { workloadEntry } from '../../lib/kubernetes/kinds.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import type { AnnotationKeys } from '../../lib/rules/annotations.ts';
import { selectorText } from '../../lib/rules/rollout-state.ts';

/**
 * The revisions of a workload that the cluster keeps, newest first.
 *
 * @throws ApiError
 */
export async function readRevisions(
  name: WorkloadName,
  object: WorkloadObject,
  annotationKeys: AnnotationKeys,
  inspector: WorkloadInspector,
  signal: AbortSignal,
): Promise<Revision[]> {
  const uid = object.metadata?.uid ?? '';
  const podSelector = selectorText(object.spec?.selector ?? {});
  const objects = await inspector.revisions({ ...name, uid, podSelector }, signal);
  return revisionsOf(
    name.kind,
    objects,
    annotationKeys,
    currentRevision(name.kind, object, objects, annotationKeys),
  );
}

/** Their kind in the plural: `ReplicaSets`. */
export function revisionObjects({ kind }: WorkloadName): string {
  return `${workloadEntry(kind).revisions.kind}s`;
}
