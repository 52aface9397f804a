import { parsedJson } from './parsed-json.ts';

/**
 * The record of a configuration, as `/config-sources` has it: a short digest for each source, `-`
 * for one that is absent.
 */
export interface SourceRecord {
  /** Of the key that its digests were made with; undefined: none. */
  readonly keyId: string | undefined;
  /** By source, such as `ConfigMap/name`: 12 hex digits, or `-`. */
  readonly sources: ReadonlyMap<string, string>;
  /** Present where there were too many to be recorded. */
  readonly leftOut?: true;
}

export interface Difference {
  /** As in `/config-sources`: `ConfigMap/name`. */
  readonly source: string;
  /** Goes after its name: `changed`, `does not exist any more`. */
  readonly how: string;
}

/** Whether the digests of two records say anything about each other. */
export function areComparable(before: SourceRecord, now: SourceRecord): boolean {
  return before.keyId === now.keyId;
}

/**
 * What differs between two records, in words, with the sources of now first. Nothing is said
 * where one of them is not there; and of two that are not comparable only which sources they have, since
 * digests of different keys differ whatever the data is.
 */
export function compareRecords(before: SourceRecord, now: SourceRecord): Difference[] {
  if (before.sources.size === 0 || now.leftOut) return [];
  const comparable = areComparable(before, now);
  const differences: Difference[] = [];
  for (const [source, digest] of now.sources) {
    const old = before.sources.get(source);
    if (old === digest) continue;
    if (old === undefined) differences.push({ source, how: 'is referenced now' });
    else if (old === '-') differences.push({ source, how: 'exists now' });
    else if (digest === '-') differences.push({ source, how: 'does not exist any more' });
    else if (comparable) differences.push({ source, how: 'changed' });
  }
  for (const source of before.sources.keys()) {
    if (!now.sources.has(source)) differences.push({ source, how: 'is no longer referenced' });
  }
  return differences;
}

/** The member of a record that names the key: no source is called so. */
const keyMember = 'key';

/** Stands for sources that are too many: their number. */
const leftOutMember = 'sources';

/**
 * All annotations of an object may have 256 KiB together. A quarter leaves its owner room, and is the
 * record of some thousand sources.
 */
const mostBytes = 64 * 1024;

/**
 * The record as it is written, before it is JSON. One that would be too large would have the API server
 * refuse the hash with it, so it is left out: that costs the names of what changes, and nothing else.
 */
export function writtenRecord({ keyId, sources }: SourceRecord): Readonly<Record<string, string>> {
  const key = keyId === undefined ? {} : { [keyMember]: keyId };
  const record = { ...key, ...Object.fromEntries(sources) };
  return JSON.stringify(record).length <= mostBytes
    ? record
    : { ...key, [leftOutMember]: String(sources.size) };
}

/**
 * Reads `/config-sources` as far as it makes sense. It only serves to say what changed, so a record
 * that somebody tampered with costs the explanation, never the decision.
 */
export function parseSourceRecord(text: string | undefined): SourceRecord {
  const parsed = parsedJson(text);
  const isObject = typeof parsed === 'object' && parsed !== null;
  return sourceRecordOf(isObject ? (parsed as Readonly<Record<string, unknown>>) : {});
}

/** As `parseSourceRecord`, of what is parsed already. */
export function sourceRecordOf(digests: Readonly<Record<string, unknown>>): SourceRecord {
  const sources = new Map<string, string>();
  for (const [source, digest] of Object.entries(digests)) {
    if (recordedSource.test(source) && typeof digest === 'string') sources.set(source, digest);
  }
  const keyId = Object.hasOwn(digests, keyMember) ? digests[keyMember] : undefined;
  const leftOut = sources.size === 0 && Object.hasOwn(digests, leftOutMember);
  return {
    keyId: typeof keyId === 'string' ? keyId : undefined,
    sources,
    ...(leftOut ? { leftOut } : {}),
  };
}

/** What `recordName` writes. Anything else in a record is not ours and goes into no message. */
const recordedSource = /^(ConfigMap|Secret)\/[a-z0-9./-]{1,317}$/;
