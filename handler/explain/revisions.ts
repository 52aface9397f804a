import { currentRevision, type Revision, revisionsOf } from '../../lib/explanation/revisions.ts';
import type { WorkloadInspector } from '../../lib/kubernetes/inspector.ts';
import { workloadEntry } from '../../lib/kubernetes/kinds.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import type { AnnotationKeys } from '../../lib/rules/annotations.ts';
import { selectorText } from '../../lib/rules/rollout-state.ts';

/**
 * The revisions of a workload that the cluster keeps, newest first; none if its kind has none.
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
  if (workloadEntry(name.kind).revisions === undefined) return [];
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

/** Their kind in the plural: `ReplicaSets`; undefined if the kind has none. */
export function revisionObjects({ kind }: WorkloadName): string | undefined {
  const { revisions } = workloadEntry(kind);
  return revisions && `${revisions.kind}s`;
}
