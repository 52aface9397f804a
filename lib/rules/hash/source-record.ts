import { parsedJson } from '../../text/parsed-json.ts';

/**
 * The record of a configuration, as `/config-sources` has it: a short digest for each source, `-`
 * for one that is absent, and without a key the version of a Secret.
 */
export interface SourceRecord {
  /** Of the key that its digests were made with; undefined: none. */
  readonly keyId: string | undefined;
  /** By source, such as `ConfigMap/name`: 12 hex digits, `-`, or a version (`sourceVersion`). */
  readonly sources: ReadonlyMap<string, string>;
  /** As `sources`, with a digest for each source that exists. Only of what was hashed just now. */
  readonly digests?: ReadonlyMap<string, string>;
  /** By source, of those that exist, as far as that was recorded. */
  readonly keys?: ReadonlyMap<string, RecordedKeys>;
  /** Present where there were too many to be recorded. */
  readonly leftOut?: true;
  /** Present where it is certain that there were none. */
  readonly isEmpty?: true;
}

/** The keys of a source: managedFields keep no time of one that is removed. */
export interface RecordedKeys {
  readonly names: ReadonlySet<string>;
  readonly immutable: boolean;
}

export interface Difference {
  /** As in `/config-sources`: `ConfigMap/name`. */
  readonly source: string;
  /** Goes after its name: `changed`, `does not exist any more`. */
  readonly how: string;
}

/** A Secret with another version: something of it was written, perhaps only a label. */
const perhaps = 'may have changed';

/** Whether the digests of two records say anything about each other. */
export function areComparable(before: SourceRecord, now: SourceRecord): boolean {
  return before.keyId === now.keyId;
}

/**
 * What differs between the records of two configurations, in words, with the sources of now first. Nothing is said where one of them is not there; and of two that are not
 * comparable only which sources they have, since digests of different keys differ whatever the data is.
 *
 * @param differ whether the configurations are known to differ, and all their sources are compared
 */
export function compareRecords(
  before: SourceRecord,
  now: SourceRecord,
  differ: boolean,
): Difference[] {
  if ((before.sources.size === 0 && !before.isEmpty) || now.leftOut) return [];
  const comparable = areComparable(before, now);
  const differences: Difference[] = [];
  /** Of these only labels, annotations or owner references seem to have been written. */
  const unlikely: Difference[] = [];
  for (const [source, recorded] of now.sources) {
    const old = before.sources.get(source);
    if (old === recorded || old === now.digests?.get(source)) continue;
    if (old === undefined) differences.push({ source, how: 'is now referenced' });
    else if (old === '-') differences.push({ source, how: 'now exists' });
    else if (recorded === '-') differences.push({ source, how: 'no longer exists' });
    else if (comparable && isWrittenAtOnce(old, recorded)) unlikely.push({ source, how: perhaps });
    else if (comparable) differences.push({ source, how: howChanged(old, recorded, now, source) });
  }
  for (const source of before.sources.keys()) {
    if (!now.sources.has(source)) differences.push({ source, how: 'is no longer referenced' });
  }
  if (!differ) return differences;
  const known = differences.length > 0 ? differences : unlikely;
  // Something did change: where nothing else may have, it was this one.
  const [only, another] = known;
  return only?.how === perhaps && another === undefined
    ? [{ source: only.source, how: 'changed' }]
    : known;
}

/**
 * What stands for a Secret in a record that was made without a key: `@`, its resourceVersion, and when its
 * data was last written, as far as managedFields say. The first changes with each write, also with one of
 * our owner references; the second is of whole seconds.
 */
export function sourceVersion(resourceVersion: string, writtenAt: string | undefined): string {
  return writtenAt === undefined ? `@${resourceVersion}` : `@${resourceVersion},${writtenAt}`;
}

const isVersion = (text: string): boolean => text.startsWith('@');

/** Whether two versions say that the data was last written at the same time. */
function isWrittenAtOnce(old: string, recorded: string): boolean {
  const [, before] = old.split(',');
  const [, now] = recorded.split(',');
  return isVersion(old) && isVersion(recorded) && before !== undefined && before === now;
}

/** Two digests of one kind tell that the data differs; a version, that something does. */
function howChanged(old: string, recorded: string, now: SourceRecord, source: string): string {
  if (isVersion(old)) return perhaps;
  return isVersion(recorded) && now.digests?.get(source) === undefined ? perhaps : 'changed';
}

/** The member of a record that names the key: no source is called so. */
const keyMember = 'key';

/**
 * The member that binds a record to the hash that it was written with, by its first digits: whoever else
 * writes the hash leaves the record as it is. Records of 0.1.0 have none.
 */
const hashMember = 'hash';
const boundDigits = 12;

/** The member that tells a record from the same one before it. */
const againMember = 'again';

/** Stands for sources that are too many: their number. */
const leftOutMember = 'sources';

/** Of a configuration whose sources are not known. */
export const unknownRecord: Readonly<Record<string, string>> = { [leftOutMember]: '0' };

/**
 * All annotations of an object may have 256 KiB together. A quarter leaves its owner room, and is the
 * record of some thousand sources.
 */
const maxBytes = 64 * 1024;

/**
 * The record as it is written, before it is JSON. One that would be too large would have the API server
 * refuse the hash with it, so it is left out: that costs the names of what changes, and nothing else.
 */
export function writtenRecord({
  keyId,
  sources,
  keys = new Map(),
}: SourceRecord): Readonly<Record<string, string>> {
  const key = keyId === undefined ? {} : { [keyMember]: keyId };
  const record = { ...key, ...Object.fromEntries(sources) };
  const fits = (it: object): boolean => JSON.stringify(it).length <= maxBytes;
  const whole = { ...record, ...Object.fromEntries([...keys].map(keysMember)) };
  if (fits(whole)) return whole;
  return fits(record) ? record : { ...key, [leftOutMember]: String(sources.size) };
}

/** No source is called so: versions that do not know the member pass it over. */
const keysSuffix = ':keys';
const immutableSign = '!';

function keysMember([source, { names, immutable }]: readonly [string, RecordedKeys]) {
  const text = `${immutable ? immutableSign : ''}${[...names].sort().join(',')}`;
  return [`${source}${keysSuffix}`, text] as const;
}

function parseKeys(text: string): RecordedKeys {
  const immutable = text.startsWith(immutableSign);
  const list = immutable ? text.slice(immutableSign.length) : text;
  return { immutable, names: new Set(list === '' ? [] : list.split(',')) };
}

/**
 * The value of `/config-sources` that is written beside a hash.
 *
 * @param before what the template has: the same once more would change no template, and so start no Pods
 */
export function boundRecord(
  written: Readonly<Record<string, string>>,
  hash: string,
  before: string | undefined,
): string {
  const bound = { [hashMember]: digitsOf(hash) };
  const record = JSON.stringify({ ...bound, ...written });
  return record === before
    ? JSON.stringify({ ...bound, [againMember]: 'true', ...written })
    : record;
}

/** Whether a value of `/config-sources` says for certain that the hash beside it was written with it. */
export function isBoundTo(text: string | undefined, hash: string | undefined): boolean {
  // As it is written. Of another text it is not certain, which costs a comparison with Wave's hash.
  return hash !== undefined && text?.startsWith(`{"${hashMember}":"${digitsOf(hash)}"`) === true;
}

function digitsOf(hash: string): string {
  return hash.slice(0, boundDigits);
}

/**
 * Reads `/config-sources` as far as it makes sense. It only serves to say what changed, so a record
 * that somebody tampered with costs the explanation, never the decision.
 *
 * @param hash that stands beside it: a record that was written with another says nothing
 */
export function parseSourceRecord(
  text: string | undefined,
  hash: string | undefined,
): SourceRecord {
  const parsed = parsedJson(text);
  if (typeof parsed !== 'object' || parsed === null) return sourceRecordOf({});
  const record = parsed as Readonly<Record<string, unknown>>;
  const isOfAnother =
    Object.hasOwn(record, hashMember) && record[hashMember] !== (hash && digitsOf(hash));
  return sourceRecordOf(isOfAnother ? {} : record);
}

/** As `parseSourceRecord`, of what is parsed already. */
export function sourceRecordOf(digests: Readonly<Record<string, unknown>>): SourceRecord {
  const sources = new Map<string, string>();
  const keys = new Map<string, RecordedKeys>();
  for (const [member, value] of Object.entries(digests)) {
    if (typeof value !== 'string') continue;
    if (recordedSource.test(member)) sources.set(member, value);
    else if (member.endsWith(keysSuffix)) {
      keys.set(member.slice(0, -keysSuffix.length), parseKeys(value));
    }
  }
  const keyId = Object.hasOwn(digests, keyMember) ? digests[keyMember] : undefined;
  const leftOut = sources.size === 0 && Object.hasOwn(digests, leftOutMember);
  return {
    keyId: typeof keyId === 'string' ? keyId : undefined,
    sources,
    ...(keys.size === 0 ? {} : { keys }),
    ...(leftOut ? { leftOut } : {}),
  };
}

/** What `recordName` writes. Anything else in a record is not ours and goes into no message. */
const recordedSource = /^(ConfigMap|Secret)\/[a-z0-9./-]{1,317}$/;
