import {
  isSourceKind,
  type ReferencedKind,
  type SourceKind,
  sourceEntry,
} from '../kubernetes/kinds.ts';
import type { SourceObject } from '../kubernetes/objects.ts';
import { sortedMembers } from '../text/sorted-members.ts';
import { lastWrite } from './last-write.ts';
import type { Mounted } from './mounted.ts';
import { type Owners, ownersOf } from './ownership/owner-references.ts';
import { reloaderMatch } from './reloader.ts';

/** The facts about an existing source, without its data. */
export interface SourceFacts {
  readonly state: 'present';
  readonly uid: string;
  /** The owner of the source excluded the source with an annotation. */
  readonly ignored: boolean;
  /** Present if its labels do not match the setting `sourceSelector`. */
  readonly unselected?: true;
  /** The source has the annotation that Reloader's `search` requires. */
  readonly matched: boolean;
  readonly deleting: boolean;
  readonly owners: Owners;
  /** RFC 3339, whole seconds, UTC. */
  readonly createdAt: string | undefined;
  /** The time at which the data was last written, according to managedFields. */
  readonly writtenAt: string | undefined;
  readonly immutable: boolean;
}

type NotPresent =
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly why: string };

/**
 * The result of reading a source. It is absent only if the API server says that the source does not
 * exist. After any other failure, it is unreadable.
 */
export type SourceReading =
  | (SourceFacts & {
      /** The referenced keys, with base64 of their values. Other keys are not kept. */
      readonly data: ReadonlyMap<string, string>;
      /** Keys in `binaryData`; absent: none. */
      readonly binaryKeys?: ReadonlySet<string>;
    })
  | NotPresent;

/** What remains of a reading after the source was added to the hash: everything except the data. */
export type Reading =
  | (SourceFacts & {
      /** Referenced keys that do not exist. */
      readonly absentKeys: ReadonlySet<string>;
      /**
       * Referenced keys that exist. Absent if they are not needed, or if they do not fit into a
       * record.
       */
      readonly keys?: ReadonlySet<string>;
      /** Present for a SecretProviderClass: its objects in the Pods of the workload. */
      readonly mounted?: Mounted;
    })
  | NotPresent;

/** The readings by `sourceKey`. There is one for each reference of the workload. */
export type Readings = ReadonlyMap<string, Reading>;

/**
 * Reduces a source of the API to what the hash and ownership need. Labels, annotations, `type` and
 * `immutable` do not reach a Pod, so they are dropped.
 *
 * @param ignoreAnnotations if one of these annotations is "true", the source is excluded
 */
export function readSource(
  kind: ReferencedKind,
  object: SourceObject,
  keys: 'all' | ReadonlySet<string>,
  ...ignoreAnnotations: readonly string[]
): SourceReading {
  const annotations = object.metadata?.annotations ?? {};
  const { data, binaryKeys, writtenAt } = isSourceKind(kind)
    ? dataOf(kind, object, keys)
    : specOf(object);
  return {
    state: 'present',
    uid: object.metadata?.uid ?? '',
    ignored: ignoreAnnotations.some((name) => annotations[name] === 'true'),
    matched: annotations[reloaderMatch] === 'true',
    deleting: object.metadata?.deletionTimestamp != null,
    owners: ownersOf(object.metadata ?? {}),
    createdAt: object.metadata?.creationTimestamp ?? undefined,
    writtenAt,
    immutable: object.immutable === true,
    data,
    ...(binaryKeys.size === 0 ? {} : { binaryKeys }),
  };
}

/** The reading of a source whose labels do not match the setting `sourceSelector`. */
export function unselected(reading: SourceReading): SourceReading {
  return reading.state === 'present' ? { ...reading, ignored: true, unselected: true } : reading;
}

interface Data {
  readonly data: ReadonlyMap<string, string>;
  readonly binaryKeys: ReadonlySet<string>;
  readonly writtenAt: string | undefined;
}

function dataOf(kind: SourceKind, object: SourceObject, keys: 'all' | ReadonlySet<string>): Data {
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
  return { data, binaryKeys, writtenAt: lastWrite(object.metadata ?? {}, data.keys())?.at };
}

/** The key of the spec of a SecretProviderClass in the hash. */
export const specKey = 'spec';

/** The spec of a SecretProviderClass, as the value of one key. */
function specOf({ metadata, spec }: SourceObject): Data {
  const text = JSON.stringify(sortedMembers(spec ?? {}));
  return {
    data: new Map([[specKey, Buffer.from(text, 'utf8').toString('base64')]]),
    binaryKeys: new Set(),
    writtenAt: lastWrite(metadata ?? {}, Object.keys(spec ?? {}), ['f:spec'])?.at,
  };
}
