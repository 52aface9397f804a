import {
  isCustomKind,
  isObserved,
  type Progress,
  progressInWords,
  type WorkloadKind,
  workloadEntry,
} from '../kubernetes/kinds.ts';
import type { ManagedFields, WorkloadObject } from '../kubernetes/objects.ts';

/**
 * The progress of a rollout; undefined until the controller has observed the last change: before
 * that, the status belongs to an earlier template. Always undefined for a kind whose status does
 * not report the progress.
 */
export function progressOf(kind: WorkloadKind, object: WorkloadObject): Progress | undefined {
  const { rollout } = workloadEntry(kind);
  return rollout.isReported && isObserved(object) ? rollout.progress(object) : undefined;
}

/** The progress as a sentence, or why it is not known. */
export function progressSentence(kind: WorkloadKind, progress: Progress | undefined): string {
  return workloadEntry(kind).rollout.isReported
    ? progressInWords(progress)
    : `unknown: the status of a ${kind} does not report it in a way that wave-cron knows`;
}

/**
 * Everything in the spec and status of a workload that prevents its Pods from running with its
 * template, as sentences. Pure.
 */
export function rolloutBlockers(
  kind: WorkloadKind,
  object: WorkloadObject,
  now: Date,
): readonly string[] {
  const { rollout } = workloadEntry(kind);
  const progress = progressOf(kind, object);
  return [
    ...rollout.blockersOfSpec(object.spec ?? {}),
    ...(progress === undefined
      ? unseen(kind, object, now)
      : rollout.blockersOfStatus(object, progress)),
  ];
}

/** A running controller observes a change within a moment. */
const seenWithinMs = 30_000;

function unseen(kind: WorkloadKind, { metadata, status }: WorkloadObject, now: Date): string[] {
  if (!workloadEntry(kind).rollout.isReported) return [];
  const changedAt = lastWrite(metadata?.managedFields);
  if (changedAt === undefined || now.getTime() - Date.parse(changedAt) < seenWithinMs) return [];
  return [
    `its controller has not observed the change at ${changedAt} (generation ${metadata?.generation}, observed ${status?.observedGeneration ?? 0}): check that ${isCustomKind(kind) ? 'its controller' : 'kube-controller-manager'} is running`,
  ];
}

/** The time of the last write of any field except the status. */
function lastWrite(managedFields: readonly ManagedFields[] | null | undefined): string | undefined {
  return (managedFields ?? [])
    .flatMap(({ time, subresource }) => (subresource || !time ? [] : [time]))
    .sort()
    .at(-1);
}
