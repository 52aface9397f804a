import { podTemplatePatch, workloadEntry } from '../kubernetes/kinds.ts';
import { formatAdopted } from './adoption/record.ts';
import type { AnnotationKeys } from './annotations.ts';
import type { Decision, HashAnnotations } from './decision.ts';
import { formatRecord, mayOwn, type OwnedState } from './ownership/record.ts';
import type { Reason } from './reason.ts';
import { restartRecord } from './restart-in-place.ts';
import type { Workload } from './workload.ts';

/**
 * The only patch of a workload that wave-cron sends: our two annotations on the pod template, our
 * records and our finalizer. It also contains the resourceVersion of the workload that was read. So
 * if the workload has changed since, the API server rejects the patch. The patch contains only
 * these fields, so it cannot undo a write of another client, and cannot drop a field that this
 * version of wave-cron does not support. Undefined if there is nothing to write.
 *
 * @param decision if its hashAnnotations are null, both annotations of the template are removed
 * @param owned the new ownership state; undefined: unchanged
 */
export function workloadPatch(
  workload: Workload,
  decision: PatchedDecision,
  owned: OwnedState | undefined,
  keys: AnnotationKeys,
): object | undefined {
  const { hashAnnotations } = decision;
  const { annotations = {}, ...finalizers } =
    owned === undefined ? {} : ownershipFields(workload, owned, keys);
  const metadata = {
    ...withAnnotations({
      ...annotations,
      ...adoptionFields(workload, decision, keys),
      ...historyFields(workload, decision, keys),
      ...pendingFields(workload, decision, keys),
      ...writtenFields(workload, decision, keys),
    }),
    ...finalizers,
  };
  if (hashAnnotations === undefined && Object.keys(metadata).length === 0) return undefined;
  return {
    metadata: { resourceVersion: workload.resourceVersion, ...metadata },
    ...(hashAnnotations === undefined ? {} : restartFields(workload, decision, keys)),
  };
}

/** The parts of a decision that are written to the workload. */
export type PatchedDecision = Pick<Decision, 'reason' | 'adopt' | 'start' | 'held'> & {
  readonly hashAnnotations: HashAnnotations | null | undefined;
};

type Annotations = Readonly<Record<string, string | null>>;

function withAnnotations(annotations: Annotations): { annotations?: Annotations } {
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}

/**
 * Removes the record of adoption if a hash is written to the template, or if the workload opted
 * out.
 */
function adoptionFields(
  { hasAdopted, template }: Workload,
  { reason, hashAnnotations, adopt, start }: PatchedDecision,
  keys: AnnotationKeys,
): Annotations {
  if (hashAnnotations && start?.restartAt !== undefined) {
    const record = restartRecord(template.hash, hashAnnotations, start.restartAt);
    return { [keys.adopted]: formatAdopted(record) };
  }
  if (adopt !== undefined) return { [keys.adopted]: formatAdopted(adopt) };
  const done = hashAnnotations !== undefined || reason === 'OptedOut';
  return hasAdopted && done ? { [keys.adopted]: null } : {};
}

/**
 * The record of written hashes changes only together with the hash. It is removed if the workload
 * opted out.
 */
function historyFields(
  { hasHistory }: Workload,
  { reason, hashAnnotations, start }: PatchedDecision,
  keys: AnnotationKeys,
): Annotations {
  if (start !== undefined) return { [keys.rolloutHistory]: start.history };
  const done = hashAnnotations !== undefined || reason === 'OptedOut';
  return hasHistory && done ? { [keys.rolloutHistory]: null } : {};
}

/**
 * The change of the record of a held change. If it is not known whether the held change still
 * exists, the record stays. So the time at which the hold began is not lost.
 */
function pendingFields(
  { rollouts }: Workload,
  { reason, hashAnnotations, held }: PatchedDecision,
  keys: AnnotationKeys,
): Annotations {
  if (held?.pending !== undefined) return { [keys.pendingConfig]: held.pending };
  const done = hashAnnotations !== undefined || endsHold.includes(reason);
  return rollouts.hasPending && done ? { [keys.pendingConfig]: null } : {};
}

/** The reasons with which no change waits any more. */
const endsHold: readonly Reason[] = ['UpToDate', 'Adopted', 'AlreadyCurrent', 'OptedOut'];

/**
 * The record of the last written hash is written together with the hash, because other tools may
 * remove the hash on the template. An adoption removes this record, because the record of the
 * adoption says with which configuration the Pods run.
 */
function writtenFields(
  { hasWritten, template }: Workload,
  { hashAnnotations, adopt, start }: PatchedDecision,
  keys: AnnotationKeys,
): Annotations {
  if (start?.restartAt !== undefined) return hasWritten ? { [keys.writtenHash]: null } : {};
  if (hashAnnotations) return { [keys.writtenHash]: hashAnnotations.hash };
  const done = hashAnnotations === null || (adopt !== undefined && template.hash === undefined);
  return hasWritten && done ? { [keys.writtenHash]: null } : {};
}

/**
 * The fields that make the Pods restart: the hash on the template, or `restartAt`, which restarts them without
 * a change of the template.
 */
function restartFields(
  workload: Workload,
  { hashAnnotations = null, start }: PatchedDecision,
  keys: AnnotationKeys,
): object {
  const restart = start?.restartAt && workloadEntry(workload.kind).restartPatch?.(start.restartAt);
  return restart || templateFields(workload, hashAnnotations, keys);
}

function templateFields(
  { kind }: Workload,
  hashAnnotations: HashAnnotations | null,
  keys: AnnotationKeys,
): object {
  const annotations = {
    [keys.configHash]: hashAnnotations?.hash ?? null,
    [keys.configSources]: hashAnnotations?.sources ?? null,
  };
  return podTemplatePatch(workloadEntry(kind), { metadata: { annotations } });
}

function ownershipFields(
  { ownership }: Workload,
  { finalizer, keepsPutBack, ...owned }: OwnedState,
  keys: AnnotationKeys,
): { annotations?: Annotations; [finalizers: string]: unknown } {
  const own = mayOwn(owned.record);
  const record = own ? formatRecord(owned.record) : undefined;
  const forgets = ownership.putBack > 0 && !(own && keepsPutBack);
  return {
    annotations: {
      ...(ownership.record === record ? {} : { [keys.ownedSources]: record ?? null }),
      ...(forgets ? { [keys.putBack]: null } : {}),
    },
    ...(ownership.finalizer === finalizer ? {} : finalizerFields(ownership, finalizer, keys)),
  };
}

function finalizerFields(
  { otherFinalizers }: Workload['ownership'],
  isWanted: boolean,
  { finalizer }: AnnotationKeys,
): object {
  if (otherFinalizers !== undefined) {
    return { finalizers: [...otherFinalizers, ...(isWanted ? [finalizer] : [])] };
  }
  return { [isWanted ? 'finalizers' : '$deleteFromPrimitiveList/finalizers']: [finalizer] };
}
