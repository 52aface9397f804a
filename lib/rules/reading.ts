import { type SourceKind, sourceEntry } from '../kubernetes/kinds.ts';
import type { ObjectMeta, SourceObject } from '../kubernetes/objects.ts';
import { type Owners, ownersOf } from './ownership/owner-references.ts';
import { reloaderMatch } from './reloader.ts';

/** The facts about an existing source, without its data. */
export interface SourceFacts {
  readonly state: 'present';
  readonly uid: string;
  /** Its owner excluded it with an annotation. */
  readonly ignored: boolean;
  /** It has the annotation that Reloader's `search` requires. */
  readonly matched: boolean;
  readonly deleting: boolean;
  readonly owners: Owners;
  /** RFC 3339, whole seconds, UTC. */
  readonly createdAt: string | undefined;
  /** When its data was last written, according to managedFields. */
  readonly writtenAt: string | undefined;
  readonly immutable: boolean;
}

type NotPresent =
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly why: string };

/** The result of reading a source. Only a proven 404 is absent; any other failure is unreadable. */
export type SourceReading =
  | (SourceFacts & {
      /** Keys and base64 of their values. Keys without a reference are not kept. */
      readonly data: ReadonlyMap<string, string>;
      /** Keys in `binaryData`; absent: none. */
      readonly binaryKeys?: ReadonlySet<string>;
    })
  | NotPresent;

/** A reading after the source was added to the hash, without its data. */
export type Reading =
  | (SourceFacts & {
      /** Referenced keys that do not exist. */
      readonly absentKeys: ReadonlySet<string>;
      /** Referenced keys that exist. Absent if not needed, or if a record has no room for them. */
      readonly keys?: ReadonlySet<string>;
    })
  | NotPresent;

/** Readings by `sourceKey`, one for each reference of the workload. */
export type Readings = ReadonlyMap<string, Reading>;

/**
 * Reduces a source of the API to what the hash and ownership need. Labels, annotations, `type` and
 * `immutable` do not reach a Pod, so they are dropped.
 *
 * @param ignoreAnnotations each of these excludes the source if it is "true"
 */
export function readSource(
  kind: SourceKind,
  object: SourceObject,
  keys: 'all' | ReadonlySet<string>,
  ...ignoreAnnotations: readonly string[]
): SourceReading {
  const { base64Of } = sourceEntry(kind);
  const wanted = (key: string): boolean => keys === 'all' || keys.has(key);
  const data = new Map<string, string>();
  for (const [key, value] of Object.entries(object.data ?? {})) {
    if (!wanted(key)) continue;
    data.set(key, base64Of(value));
  }
  const binaryKeys = new Set<string>();
  for (const [key, value] of Object.entries(object.binaryData ?? {})) {
    if (!wanted(key)) continue;
    data.set(key, value);
    binaryKeys.add(key);
  }
  const annotations = object.metadata?.annotations ?? {};
  return {
    state: 'present',
    uid: object.metadata?.uid ?? '',
    ignored: ignoreAnnotations.some((name) => annotations[name] === 'true'),
    matched: annotations[reloaderMatch] === 'true',
    deleting: object.metadata?.deletionTimestamp != null,
    owners: ownersOf(object.metadata ?? {}),
    createdAt: object.metadata?.creationTimestamp ?? undefined,
    writtenAt: lastWrite(object.metadata ?? {}, data),
    immutable: object.immutable === true,
    data,
    ...(binaryKeys.size === 0 ? {} : { binaryKeys }),
  };
}

/**
 * The newest time of the managers that own fields of the data. Without data, it is the creation
 * time. The removal of a key leaves no time. If a key has no manager, the time is unknown.
 */
function lastWrite(
  { managedFields, creationTimestamp }: ObjectMeta,
  data: ReadonlyMap<string, string>,
): string | undefined {
  if (!managedFields || managedFields.length === 0) return undefined;
  let newest = creationTimestamp ?? undefined;
  const owned = new Set<string>();
  for (const { time, fieldsV1 } of managedFields) {
    const written = dataFields.map((field) => fieldsV1?.[field]).filter((fields) => fields != null);
    if (written.length === 0) continue;
    if (!time) return undefined;
    if (newest === undefined || time > newest) newest = time;
    for (const fields of written) for (const field of Object.keys(fields)) owned.add(field);
  }
  for (const key of data.keys()) if (!owned.has(`f:${key}`)) return undefined;
  return newest;
}

const dataFields = ['f:data', 'f:binaryData', 'f:stringData'] as const;
