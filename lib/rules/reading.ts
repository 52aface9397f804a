import type { ObjectMeta, SourceObject } from '../kubernetes/objects.ts';
import { type Owners, ownersOf } from './ownership/owner-references.ts';
import type { SourceKind } from './references.ts';
import { reloaderMatch } from './reloader.ts';

/** What is known of a source that exists, but for its data. */
export interface SourceFacts {
  readonly state: 'present';
  readonly uid: string;
  /** It is left out: its owner asked for that with an annotation. */
  readonly ignored: boolean;
  /** Its owner marked it for the workloads that only want such sources. */
  readonly matched: boolean;
  readonly deleting: boolean;
  readonly owners: Owners;
  /** RFC 3339, whole seconds, UTC. */
  readonly createdAt: string | undefined;
  /** When its data was last written, as far as managedFields say. */
  readonly writtenAt: string | undefined;
  readonly immutable: boolean;
}

type NotPresent =
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly why: string };

/** What came back for a source. Only a 404 is absent; whatever else goes wrong is unreadable. */
export type SourceReading =
  | (SourceFacts & {
      /** Key to base64 of the value's bytes. Keys that nobody references are not kept. */
      readonly data: ReadonlyMap<string, string>;
      /** Those that are in `binaryData`; absent: none. */
      readonly binaryKeys?: ReadonlySet<string>;
    })
  | NotPresent;

/** What a workload keeps of one once it is part of the hash: its data is gone by then. */
export type Reading =
  | (SourceFacts & {
      /** The keys that the workload names and that the source does not have. */
      readonly absentKeys: ReadonlySet<string>;
      /** The referenced keys that exist. Absent: not asked for, or more than a record has room for. */
      readonly keys?: ReadonlySet<string>;
    })
  | NotPresent;

/** Readings by `sourceKey`, one for each reference of the workload. */
export type Readings = ReadonlyMap<string, Reading>;

/**
 * Reduces a source, as the API sends it, to what the hash and ownership need. Labels, annotations,
 * `type` and `immutable` are not configuration that a Pod gets, so they go no further than this.
 *
 * @param ignoreAnnotations each of which, where it is "true", leaves the source out
 */
export function readSource(
  kind: SourceKind,
  object: SourceObject,
  keys: 'all' | ReadonlySet<string>,
  ...ignoreAnnotations: readonly string[]
): SourceReading {
  const wanted = (key: string): boolean => keys === 'all' || keys.has(key);
  const data = new Map<string, string>();
  for (const [key, value] of Object.entries(object.data ?? {})) {
    if (!wanted(key)) continue;
    data.set(key, kind === 'Secret' ? value : Buffer.from(value, 'utf8').toString('base64'));
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
 * The newest time of those who own fields of the data. A source without data is as old as it is.
 * The removal of a key leaves no mark there. A key that nobody owns was written at no known time.
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
