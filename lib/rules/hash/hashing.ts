import { recordName } from '../../kubernetes/names.ts';
import type { Mounted } from '../mounted.ts';
import type { Reading, SourceReading } from '../reading.ts';
import { countsIfAbsent, isMounted, type Reference, sourceKey } from '../references.ts';
import { identityOf } from '../resolve.ts';
import type { Workload } from '../workload.ts';
import { byIdentity, type ConfigHash, ConfigHasher, type HashEntry } from './config-hash.ts';
import type { Digest } from './digest.ts';
import type { HashKeys } from './hash-keys.ts';
import {
  parseSourceRecord,
  type SourceRecord,
  sourceRecordOf,
  sourceVersion,
} from './source-record.ts';

/** The hashes of the current configuration. */
export interface ConfigHashes {
  /** The hash to write. */
  readonly now: ConfigHash;
  /**
   * The hashes with earlier hash keys; empty if there are none, or if the record was certainly made
   * with the current key.
   */
  readonly earlier: readonly ConfigHash[];
  /**
   * For each hash key, the hash with the recorded versions of mounted objects. Present if other versions are
   * mounted now. If the recorded hash is among these hashes, only the mounted versions have changed.
   */
  readonly beforeRotation?: readonly string[];
}

/**
 * Takes the sources of one workload one by one, and computes what a decision needs. Pure; the
 * reader of the sources must follow `order`.
 */
export class Hashing {
  /** The required order of the sources. */
  readonly order: readonly Reference[];
  readonly readings = new Map<string, Reading>();
  readonly #namespace: string;
  readonly #hasher: ConfigHasher;
  /** Hashes the recorded versions of mounted objects. Present if the workload mounts objects. */
  readonly #before: ConfigHasher | undefined;
  /** The digests in the record. The keys are the names of SecretProviderClasses in it. */
  readonly #recordedMounts: ReadonlyMap<string, string>;
  #isRotated = false;
  /** How many more characters of key names may be kept. */
  #room: number;

  constructor(
    workload: Pick<Workload, 'namespace' | 'template' | 'adopted'> &
      Partial<Pick<Workload, 'restart'>>,
    references: readonly Reference[],
    keys: HashKeys,
  ) {
    const { namespace } = workload;
    this.#namespace = namespace;
    this.#room = workload.restart === undefined ? 0 : roomForKeys;
    this.order = references
      .map((reference) => ({ reference, identity: identityOf(reference, namespace) }))
      .sort((a, b) => byIdentity(a.identity, b.identity))
      .map(({ reference }) => reference);
    const digests = [keys.current, ...earlierDigests(workload, keys)];
    this.#hasher = new ConfigHasher(digests);
    const mounts = references.some(isMounted);
    this.#before = mounts ? new ConfigHasher(digests) : undefined;
    this.#recordedMounts = (mounts && recordedMounts(workload)) || new Map();
  }

  /**
   * Adds one source. Call this function for each reference, in `order`. The data of the source is
   * not kept.
   *
   * @param mounted required for a SecretProviderClass that exists
   */
  take(reference: Reference, source: SourceReading, mounted?: Mounted): void {
    let reading = readingOf(reference, source);
    const identity = identityOf(reference, this.#namespace);
    if (source.state === 'present' && reading.state === 'present' && !reading.ignored) {
      const data = referencedKeys(source.data, reference.keys);
      const keys = this.#keysIn(data);
      if (keys !== undefined) reading = { ...reading, keys };
      if (mounted !== undefined) reading = { ...reading, mounted };
      const version = sourceVersion(source.owners.resourceVersion, source.writtenAt);
      const entry = { ...identity, data, version };
      if (mounted === undefined) this.#add(entry);
      else this.#addMounted(entry, data, mounted);
    }
    this.readings.set(sourceKey(reference), reading);
    if (source.state === 'absent' && countsIfAbsent(reference)) {
      this.#add({ ...identity, data: null });
    }
  }

  #add(now: HashEntry, before = now): void {
    this.#hasher.add(now);
    this.#before?.add(before);
  }

  /** Adds the recorded versions of the objects as long as the mounted versions are not known. */
  #addMounted(entry: HashEntry, data: ReadonlyMap<string, string>, mounted: Mounted): void {
    const recorded = this.#recordedMounts.get(recordName(entry)) ?? '';
    const now = mounted.state === 'agreed' ? mounted.objects : recorded;
    const withObjects = (objects: string): HashEntry => ({
      ...entry,
      data: new Map([...data, [mountedKey, Buffer.from(objects, 'utf8').toString('base64')]]),
      mounted: objects,
    });
    this.#isRotated ||= now !== recorded;
    this.#add(withObjects(now), withObjects(recorded));
  }

  /** The keys of a source for a record; undefined if they are not needed, or do not fit. */
  #keysIn(data: ReadonlyMap<string, string>): ReadonlySet<string> | undefined {
    if (this.#room === 0) return undefined;
    const keys = new Set(data.keys());
    const length = [...keys].reduce((sum, key) => sum + key.length + 1, 0);
    if (length > this.#room) return undefined;
    this.#room -= length;
    return keys;
  }

  /** Ends the hashing early and says why. The hashes are meaningless then. */
  giveUp(why: string): void {
    for (const reference of this.order) {
      const key = sourceKey(reference);
      if (!this.readings.has(key)) this.readings.set(key, { state: 'unreadable', why });
    }
  }

  /**
   * Returns the hashes. Call this function once, after all sources. The result is meaningless if a
   * source is missing or unreadable.
   */
  hashes(): ConfigHashes {
    const [now, ...earlier] = this.#hasher.finish();
    const beforeRotation = this.#isRotated ? this.#before?.finish() : undefined;
    return {
      ...{ now: now as ConfigHash, earlier },
      ...(beforeRotation && { beforeRotation: beforeRotation.map(({ hash }) => hash) }),
    };
  }
}

/** The key in the hash for the digest of the mounted versions. */
const mountedKey = 'mounted';

/** The mounted versions in the record that counts. Undefined if this record has none. */
function recordedMounts({
  template,
  adopted,
}: Pick<Workload, 'template' | 'adopted'>): SourceRecord['mounted'] {
  const record =
    adopted === undefined
      ? parseSourceRecord(template.sources, template.hash)
      : sourceRecordOf(adopted.sources);
  return record.mounted;
}

/** The maximum for a record. */
const roomForKeys = 64 * 1024;

/**
 * The earlier digests that the record may have been made with. If the record says that it was made
 * with the current key, there are none, so the usual case computes one digest.
 */
function earlierDigests(
  { template, adopted }: Pick<Workload, 'template' | 'adopted'>,
  { current, earlier }: HashKeys,
): readonly Digest[] {
  if (earlier.length === 0) return earlier;
  const { keyId } = parseSourceRecord(template.sources, template.hash);
  const isCurrent = current.keyId !== undefined && adopted === undefined && keyId === current.keyId;
  return isCurrent && template.hash !== undefined ? [] : earlier;
}

/**
 * The reading of a source. A source that requires an annotation and does not have it is excluded.
 */
function readingOf({ keys, requiredKeys, ifMatched }: Reference, source: SourceReading): Reading {
  if (source.state !== 'present') return source;
  const { data, binaryKeys: _, ...facts } = source;
  const named = keys === 'all' ? requiredKeys : keys.union(requiredKeys);
  const absentKeys = new Set([...named].filter((key) => !data.has(key)));
  const ignored = facts.ignored || (ifMatched && !facts.matched);
  return { ...facts, ignored, absentKeys };
}

/**
 * A reading contains the keys of all workloads that share the source. The hash includes only those
 * of this workload.
 */
function referencedKeys(
  data: ReadonlyMap<string, string>,
  keys: Reference['keys'],
): ReadonlyMap<string, string> {
  if (keys === 'all') return data;
  const referenced = new Map<string, string>();
  for (const key of keys) {
    const value = data.get(key);
    if (value !== undefined) referenced.set(key, value);
  }
  return referenced;
}
