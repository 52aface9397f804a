import { currentRevision, type Revision, revisionsOf } from '../../lib/explanation/revisions.ts';
import type { WorkloadInspector } from '../../lib/kubernetes/inspector.ts';
import { workloadEntry } from '../../lib/kubernetes/kinds.ts';
import type { AnnotationKeys } from '../../lib/rules/annotations.ts';
import { selectorText } from '../../lib/rules/rollout-state.ts';
import type { Runner } from '../../lib/rules/template-user.ts';

/**
 * The revisions of a workload that the cluster keeps, newest first. Empty if its kind has no revisions.
 *
 * @throws ApiError
 */
export async function readRevisions(
  namespace: string,
  { kind, object }: Runner,
  annotationKeys: AnnotationKeys,
  inspector: WorkloadInspector,
  signal: AbortSignal,
): Promise<Revision[]> {
  if (workloadEntry(kind).revisions === undefined) return [];
  const { uid, name } = object.metadata ?? {};
  const podSelector = selectorText(object.spec?.selector ?? {});
  const objects = await inspector.revisions(
    { kind, namespace, name: name ?? '', uid: uid ?? '', podSelector },
    signal,
  );
  return revisionsOf(
    kind,
    objects,
    annotationKeys,
    currentRevision(kind, object, objects, annotationKeys),
  );
}

/**
 * The plural of the kind of the workload's revisions: `ReplicaSets`. Undefined if the kind of the
 * workload has no revisions.
 */
export function revisionObjects({ kind }: Pick<Runner, 'kind'>): string | undefined {
  const { revisions } = workloadEntry(kind);
  return revisions && `${revisions.kind}s`;
}
