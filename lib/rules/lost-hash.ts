import { fieldManager } from '../kubernetes/names.ts';
import type { ObjectMeta } from '../kubernetes/objects.ts';
import type { AnnotationKeys } from './annotations.ts';

/**
 * A hash that wave-cron wrote to a template that has no hash now. Another client may have removed
 * the hash before any Pod was replaced. So the Pods may not be current.
 */
export interface LostHash {
  /** Undefined if the record is not valid. */
  readonly hash: string | undefined;
  /**
   * A time at or after the write of the hash, by the clock of the API server: RFC 3339, whole
   * seconds, UTC. Undefined if unknown.
   */
  readonly at: string | undefined;
}

/** Reads the record of the last written hash, for a workload without a hash on its template. */
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
