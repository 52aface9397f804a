import { isRecordName } from '../../kubernetes/names.ts';
import { parsedJson } from '../../text/parsed-json.ts';

/**
 * The record of a configuration, as in `/config-sources`. It has an entry for each source: a short
 * digest, or `-` if the source is absent. Without a key, the entry of a Secret is its version.
 */
export interface SourceRecord {
  /** The id of the key of the digests; undefined if they were made without a key. */
  readonly keyId: string | undefined;
  /**
   * The values by source, such as `ConfigMap/name`: 12 hex digits, `-`, or a version
   * (`sourceVersion`).
   */
  readonly sources: ReadonlyMap<string, string>;
  /**
   * Like `sources`, but with a digest for each existing source. Present only if the record was just
   * computed.
   */
  readonly digests?: ReadonlyMap<string, string>;
  /** The keys of existing sources, if they were recorded. */
  readonly keys?: ReadonlyMap<string, RecordedKeys>;
  /**
   * For each SecretProviderClass, a digest of the versions that the Pods had mounted, or an empty text if
   * these were not known. With it, a pass can compute the recorded hash while the versions are unknown.
   */
  readonly mounted?: ReadonlyMap<string, string>;
  /** Present if there were too many sources to record. */
  readonly leftOut?: true;
  /** Present if the configuration had no sources. */
  readonly isEmpty?: true;
}

/**
 * The keys of a source. They are recorded because managedFields do not contain the time at which a
 * key was removed.
 */
export interface RecordedKeys {
  readonly names: ReadonlySet<string>;
  readonly immutable: boolean;
}

export interface Difference {
  /** The source, named as in `/config-sources`: `ConfigMap/name`. */
  readonly source: string;
  /** The difference, as a phrase after the name: `changed`, `no longer exists`. */
  readonly how: string;
}

/**
 * If the version of a Secret has changed, the Secret was written, but perhaps only a label changed.
 */
const perhaps = 'may have changed';

/** Whether the digests of two records can be compared. */
export function areComparable(before: SourceRecord, now: SourceRecord): boolean {
  return before.keyId === now.keyId;
}

/**
 * The differences between two records, as phrases, with current sources first. Empty if a record is
 * missing. If the records are not comparable, the result contains only added and removed sources,
 * because digests with different keys always differ.
 *
 * @param differ whether it is known that the configurations differ, and the records contain all
 * sources
 */
export function compareRecords(
  before: SourceRecord,
  now: SourceRecord,
  differ: boolean,
): Difference[] {
  if ((before.sources.size === 0 && !before.isEmpty) || now.leftOut) return [];
  const comparable = areComparable(before, now);
  const differences: Difference[] = [];
  /**
   * Sources with a write that probably changed only labels, annotations or owner references, and
   * not the data.
   */
  const unlikely: Difference[] = [];
  for (const [source, recorded] of now.sources) {
    const old = before.sources.get(source);
    if (old === recorded || (old !== undefined && old === now.digests?.get(source))) continue;
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
  // It is known that the configuration has changed. So if only one source can have changed, this
  // source has changed.
  const [only, another] = known;
  return only?.how === perhaps && another === undefined
    ? [{ source: only.source, how: 'changed' }]
    : known;
}

/**
 * The version of a Secret in a record without a key: `@`, its resourceVersion, and the last write
 * of its data according to managedFields. Both parts are needed. The resourceVersion also changes
 * if a write does not change the data, such as a write of our owner references. The time has a
 * resolution of only one second.
 */
export function sourceVersion(resourceVersion: string, writtenAt: string | undefined): string {
  return writtenAt === undefined ? `@${resourceVersion}` : `@${resourceVersion},${writtenAt}`;
}

const isVersion = (text: string): boolean => text.startsWith('@');

/** Whether the last write of the data is the same in two versions. */
function isWrittenAtOnce(old: string, recorded: string): boolean {
  const [, before] = old.split(',');
  const [, now] = recorded.split(',');
  return isVersion(old) && isVersion(recorded) && before !== undefined && before === now;
}

/**
 * If two digests with the same key differ, the data has changed. If two versions differ, something
 * in the Secret was written.
 */
function howChanged(old: string, recorded: string, now: SourceRecord, source: string): string {
  if (isVersion(old)) return perhaps;
  return isVersion(recorded) && now.digests?.get(source) === undefined ? perhaps : 'changed';
}

/** The member with the key id. No source has this name. */
const keyMember = 'key';

/**
 * The member with the first digits of the hash that the record belongs to. If another tool writes a
 * hash, the record stays unchanged, so this member shows that the record belongs to another hash.
 * Records of 0.1.0 do not have this member.
 */
const hashMember = 'hash';
const boundDigits = 12;

/** The member that distinguishes a record from an equal record that was on the template before. */
const againMember = 'again';

/**
 * The member that replaces the entries of sources if there are too many. Its value is the number of
 * sources.
 */
const leftOutMember = 'sources';

/** The record of a configuration with unknown sources. */
export const unknownRecord: Readonly<Record<string, string>> = { [leftOutMember]: '0' };

/**
 * All annotations of an object may take 256 KiB together. A quarter of that fits about a thousand
 * sources and leaves room for other annotations.
 */
const maxBytes = 64 * 1024;

/**
 * The record before it is encoded as JSON. If a record is too large, the API server would reject
 * the whole patch with the hash. So such a record is omitted, and passes cannot name the changed
 * sources.
 */
export function writtenRecord({
  keyId,
  sources,
  keys = new Map(),
  mounted = new Map(),
}: SourceRecord): Readonly<Record<string, string>> {
  const key = keyId === undefined ? {} : { [keyMember]: keyId };
  const mounts = [...mounted].map(([source, objects]) => [`${source}${mountedSuffix}`, objects]);
  const record = { ...key, ...Object.fromEntries([...sources, ...mounts]) };
  const fits = (it: object): boolean => JSON.stringify(it).length <= maxBytes;
  const whole = { ...record, ...Object.fromEntries([...keys].map(keysMember)) };
  if (fits(whole)) return whole;
  return fits(record) ? record : { ...key, [leftOutMember]: String(sources.size) };
}

/**
 * The suffix of the JSON members that list the keys of a source. A source cannot have such a name. Versions that do not know
 * these members ignore them.
 */
const keysSuffix = ':keys';
/** After the name of a SecretProviderClass: the value is its digest in `mounted`. */
const mountedSuffix = ':mounted';
const immutableSign = '!';

const isObjectsDigest = (text: string): boolean => /^([0-9a-f]{32})?$/.test(text);

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
 * The value of `/config-sources` that is written together with a hash.
 *
 * @param before the value on the template. The result always differs from it: with an equal value,
 * the template would not change, and no Pod would restart
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

/**
 * Whether a value of `/config-sources` was certainly written together with the hash on the same
 * template.
 */
export function isBoundTo(text: string | undefined, hash: string | undefined): boolean {
  // This checks our exact format. For any other format, the result is false, which only causes an
  // additional comparison with Wave's hash.
  return hash !== undefined && text?.startsWith(`{"${hashMember}":"${digitsOf(hash)}"`) === true;
}

function digitsOf(hash: string): string {
  return hash.slice(0, boundDigits);
}

/**
 * Parses `/config-sources`, and ignores invalid parts. The record is used only to explain what
 * changed. So an invalid record affects the explanation, never the decision.
 *
 * @param hash the hash on the same template. If the record is for another hash, it is ignored.
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

/** Like `parseSourceRecord`, for a value that is already parsed. */
export function sourceRecordOf(digests: Readonly<Record<string, unknown>>): SourceRecord {
  const sources = new Map<string, string>();
  const keys = new Map<string, RecordedKeys>();
  const mounted = new Map<string, string>();
  for (const [member, value] of Object.entries(digests)) {
    if (typeof value !== 'string') continue;
    // wave-cron did not write other entries, so they must not get into a message.
    if (isRecordName(member)) sources.set(member, value);
    else if (member.endsWith(keysSuffix)) {
      keys.set(member.slice(0, -keysSuffix.length), parseKeys(value));
    } else if (member.endsWith(mountedSuffix) && isObjectsDigest(value)) {
      mounted.set(member.slice(0, -mountedSuffix.length), value);
    }
  }
  const keyId = Object.hasOwn(digests, keyMember) ? digests[keyMember] : undefined;
  const leftOut = sources.size === 0 && Object.hasOwn(digests, leftOutMember);
  return {
    keyId: typeof keyId === 'string' ? keyId : undefined,
    sources,
    ...(keys.size === 0 ? {} : { keys }),
    ...(mounted.size === 0 ? {} : { mounted }),
    ...(leftOut ? { leftOut } : {}),
  };
}
