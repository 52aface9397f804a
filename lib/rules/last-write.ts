import type { ManagedFields, ObjectMeta } from '../kubernetes/objects.ts';

/** The last write of the data of a source. */
export interface LastWrite {
  /** RFC 3339, whole seconds, UTC. */
  readonly at: string;
  /** Undefined if managedFields do not name the manager. */
  readonly manager: string | undefined;
}

/**
 * The newest write of the managers that own fields of the data. If there is no data, the result is
 * the creation time of the source. managedFields do not contain the time at which a key was
 * removed. Undefined if managedFields do not contain the time, or if one of the keys has no manager.
 *
 * @param keys of the data, as far as they are known
 * @param fields the fields of the object that contain its data
 */
export function lastWrite(
  { managedFields, creationTimestamp }: ObjectMeta,
  keys: Iterable<string>,
  fields: readonly (keyof Fields)[] = dataFields,
): LastWrite | undefined {
  if (!managedFields || managedFields.length === 0) return undefined;
  let at = creationTimestamp ?? undefined;
  let by: string | undefined;
  const owned = new Set<string>();
  for (const { time, manager, fieldsV1 } of managedFields) {
    const written = fields.map((field) => fieldsV1?.[field]).filter((its) => its != null);
    if (written.length === 0) continue;
    if (!time) return undefined;
    if (at === undefined || time >= at) {
      at = time;
      by = manager ?? undefined;
    }
    for (const its of written) for (const field of Object.keys(its)) owned.add(field);
  }
  for (const key of keys) if (!owned.has(`f:${key}`)) return undefined;
  return at === undefined ? undefined : { at, manager: by };
}

type Fields = Pick<
  NonNullable<ManagedFields['fieldsV1']>,
  'f:data' | 'f:binaryData' | 'f:stringData' | 'f:spec'
>;

const dataFields = ['f:data', 'f:binaryData', 'f:stringData'] as const;
