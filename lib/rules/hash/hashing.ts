import type { Reading, SourceReading } from '../reading.ts';
import { countsIfAbsent, type Reference, sourceKey } from '../references.ts';
import { identityOf } from '../resolve.ts';
import type { Workload } from '../workload.ts';
import { byIdentity, type ConfigHash, ConfigHasher } from './config-hash.ts';
import type { Digest } from './digest.ts';
import type { HashKeys } from './hash-keys.ts';
import { parseSourceRecord, sourceVersion } from './source-record.ts';

/** The hashes of the current configuration. */
export interface ConfigHashes {
  /** The hash to write. */
  readonly now: ConfigHash;
  /**
   * The hashes with earlier hash keys; empty if there are none, or if the record was certainly made
   * with the current key.
   */
  readonly earlier: readonly ConfigHash[];
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
    this.#hasher = new ConfigHasher([keys.current, ...earlierDigests(workload, keys)]);
  }

  /**
   * Adds one source. Call this function for each reference, in `order`. The data of the source is
   * not kept.
   */
  take(reference: Reference, source: SourceReading): void {
    let reading = readingOf(reference, source);
    const identity = identityOf(reference, this.#namespace);
    if (source.state === 'present' && reading.state === 'present' && !reading.ignored) {
      const data = referencedKeys(source.data, reference.keys);
      const keys = this.#keysIn(data);
      if (keys !== undefined) reading = { ...reading, keys };
      const version = sourceVersion(source.owners.resourceVersion, source.writtenAt);
      this.#hasher.add({ ...identity, data, version });
    }
    this.readings.set(sourceKey(reference), reading);
    if (source.state === 'absent' && countsIfAbsent(reference)) {
      this.#hasher.add({ ...identity, data: null });
    }
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
    return { now: now as ConfigHash, earlier };
  }
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
