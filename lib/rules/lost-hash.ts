import { fieldManager } from '../kubernetes/names.ts';
import type { ObjectMeta } from '../kubernetes/objects.ts';
import type { AnnotationKeys } from './annotations.ts';

/**
 * A hash that we wrote to a template which carries none now. Whoever removed it may have done so before
 * one Pod was replaced, and so the Pods of such a workload cannot be taken to be current.
 */
export interface LostHash {
  /** Undefined if the record is not one of ours. */
  readonly hash: string | undefined;
  /** RFC 3339, whole seconds, UTC, by the API server's clock: not before it was written. Undefined: not known. */
  readonly at: string | undefined;
}

/** What the record of the last write says, on a workload whose template carries no hash. */
export function lostHashOf(
  { annotations, managedFields }: ObjectMeta,
  { writtenHash }: AnnotationKeys,
): LostHash | undefined {
  const recorded = annotations?.[writtenHash];
  if (recorded === undefined) return undefined;
  let at: string | undefined;
  for (const { manager, time, fieldsV1 } of managedFields ?? []) {
    const isOurs = manager === fieldManager;
    const fields = fieldsV1?.['f:metadata']?.['f:annotations'];
    if (!isOurs || !time || fields?.[`f:${writtenHash}`] === undefined) continue;
    if (at === undefined || time > at) at = time;
  }
  return { hash: /^[0-9a-f]{64}$/.test(recorded) ? recorded : undefined, at };
}
