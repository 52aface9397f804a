import type { Digest } from './digest.ts';
import type { SourceKind } from './references.ts';
import { isSourceName } from './source-name.ts';
import type { SourceRecord } from './source-record.ts';

/** One source as it goes into the hash. */
export interface HashEntry {
  readonly kind: SourceKind;
  /** Empty for the workload's own namespace, so that a copy of a namespace has equal hashes. */
  readonly namespace: string;
  readonly name: string;
  /** Key to base64 of the value's bytes, the referenced keys that exist; null where the source is absent. */
  readonly data: ReadonlyMap<string, string> | null;
}

/** Of a configuration. Its record of sources is what `/config-sources` is made of. */
export interface ConfigHash extends SourceRecord {
  /** The digest of the canonical text: 64 hex digits. */
  readonly hash: string;
}

/** The text whose digest is the config hash. Two different configurations never have one text. */
export function canonicalText(entries: readonly HashEntry[]): string {
  return joinEntries([...entries].sort(byIdentity).map(entryText));
}

export function configHash(entries: readonly HashEntry[], digest: Digest): ConfigHash {
  const sources = new Map<string, string>();
  const texts: string[] = [];
  for (const entry of [...entries].sort(byIdentity)) {
    const text = entryText(entry);
    texts.push(text);
    // What can never exist never changes, and its name may be any text.
    if (isSourceName(entry.name))
      sources.set(recordName(entry), entry.data === null ? '-' : digest.hex(text).slice(0, 12));
  }
  return { hash: digest.hex(joinEntries(texts)), keyId: digest.keyId, sources };
}

/** How a source is called in `/config-sources`, in events and in reports. */
export function recordName(source: {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
}): string {
  const { kind, namespace, name } = source;
  return namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

function joinEntries(texts: readonly string[]): string {
  return `[${texts.join(',')}]`;
}

function entryText({ kind, namespace, name, data }: HashEntry): string {
  const head = `${JSON.stringify(kind)},${JSON.stringify(namespace)},${JSON.stringify(name)}`;
  if (data === null) return `[${head},null]`;
  const members = [...data]
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `[${head},{${members.join(',')}}]`;
}

function byIdentity(a: HashEntry, b: HashEntry): number {
  return (
    compareBytes(a.kind, b.kind) ||
    compareBytes(a.namespace, b.namespace) ||
    compareBytes(a.name, b.name)
  );
}

/**
 * Order of the UTF-8 bytes. JavaScript's own order is that of UTF-16 units, which differs beyond
 * U+FFFF, and somebody who checks a hash with another language would not get it.
 */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}
