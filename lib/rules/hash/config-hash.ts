import { referencedResource } from '../../kubernetes/kinds.ts';
import { isObjectName, recordName, type SourceIdentity } from '../../kubernetes/names.ts';
import type { Digest, DigestStream } from './digest.ts';
import type { SourceRecord } from './source-record.ts';

/** One source as it goes into the hash. */
export interface HashEntry extends SourceIdentity {
  /** The existing referenced keys with base64 of their values; null if the source is absent. */
  readonly data: ReadonlyMap<string, string> | null;
  /** The version of an existing source: see `sourceVersion`. */
  readonly version?: string | undefined;
  /** Only for an existing SecretProviderClass: the digest in `SourceRecord`. The data contains it too. */
  readonly mounted?: string | undefined;
}

/**
 * The hash of a configuration, with its record of sources. `/config-sources` is made from this
 * record.
 */
export interface ConfigHash extends SourceRecord {
  /** The digest of the canonical text: 64 hex digits. */
  readonly hash: string;
  /** The digests by source, as in the record: 12 hex digits, or `-`. */
  readonly digests: ReadonlyMap<string, string>;
}

/**
 * The text whose digest is the config hash: a JSON array of the entries, in the order of
 * `byIdentity`. Different configurations always have different texts.
 */
export function canonicalText(entries: readonly HashEntry[]): string {
  const texts = [...entries].sort(byIdentity).map((entry) => [...entryText(entry)].join(''));
  return `[${texts.join(',')}]`;
}

/**
 * Hashes a configuration source by source with several digests at once, so that large sources need
 * not be in memory at the same time.
 */
export class ConfigHasher {
  readonly #digests: readonly Digest[];
  readonly #streams: readonly DigestStream[];
  readonly #short: readonly Map<string, string>[];
  readonly #versions = new Map<string, string>();
  readonly #mounted = new Map<string, string>();
  #begun = false;

  constructor(digests: readonly Digest[]) {
    this.#digests = digests;
    this.#streams = digests.map((digest) => digest.start());
    this.#short = digests.map(() => new Map());
    for (const stream of this.#streams) stream.update('[');
  }

  /**
   * Adds an entry. Call this function in the order of `byIdentity`. The data of the entry is not
   * kept.
   */
  add(entry: HashEntry): void {
    const label = recordName(entry);
    const own = entry.data === null ? [] : this.#digests.map((digest) => digest.start());
    if (this.#begun) for (const stream of this.#streams) stream.update(',');
    this.#begun = true;
    for (const piece of entryText(entry)) {
      for (const stream of this.#streams) stream.update(piece);
      for (const stream of own) stream.update(piece);
    }
    if (referencedResource(entry.kind).isConfidential && entry.data !== null) {
      this.#versions.set(label, entry.version ?? '@');
    }
    // If the name is invalid, the source can never exist or change, and the name may be any text.
    // So it is not recorded.
    if (!isObjectName(entry.name)) return;
    if (entry.mounted !== undefined) this.#mounted.set(label, entry.mounted);
    this.#short.forEach((short, i) => {
      short.set(label, own[i]?.hex().slice(0, 12) ?? '-');
    });
  }

  /** Returns one hash for each digest, in the order of the digests. Call this function once. */
  finish(): ConfigHash[] {
    return this.#digests.map(({ keyId }, i): ConfigHash => {
      const stream = this.#streams[i] as DigestStream;
      stream.update(']');
      const digests = this.#short[i] ?? new Map<string, string>();
      return {
        ...{ hash: stream.hex(), keyId, digests, sources: this.#recorded(keyId, digests) },
        ...(this.#mounted.size === 0 ? {} : { mounted: this.#mounted }),
      };
    });
  }

  /**
   * If the record contained a digest of a single Secret, made without a key, anyone who can read
   * the workload could guess the values of the Secret. So the record contains the version of the
   * Secret instead. The version is enough to report that the Secret may have changed.
   */
  #recorded(
    keyId: string | undefined,
    digests: ReadonlyMap<string, string>,
  ): ReadonlyMap<string, string> {
    if (keyId !== undefined || this.#versions.size === 0) return digests;
    const sources = new Map(digests);
    for (const [label, version] of this.#versions) sources.set(label, version);
    return sources;
  }
}

/**
 * Parts of a text are joined up to this length, because hashing a few long parts is faster than
 * hashing many short ones.
 */
const pieceLength = 64 * 1024;

function* entryText({ kind, namespace, name, data }: HashEntry): Generator<string> {
  const head = `${JSON.stringify(kind)},${JSON.stringify(namespace)},${JSON.stringify(name)}`;
  if (data === null) {
    yield `[${head},null]`;
    return;
  }
  let piece = `[${head},{`;
  let separator = '';
  for (const key of [...data.keys()].sort(compareBytes)) {
    piece += `${separator}${JSON.stringify(key)}:${JSON.stringify(data.get(key))}`;
    separator = ',';
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}}]`;
}

/** The order of sources in the hash. */
export function byIdentity(a: SourceIdentity, b: SourceIdentity): number {
  return (
    compareBytes(a.kind, b.kind) ||
    compareBytes(a.namespace, b.namespace) ||
    compareBytes(a.name, b.name)
  );
}

const surrogate = /[\ud800-\udfff]/;

/**
 * Compares two texts by their UTF-8 bytes. JavaScript sorts by UTF-16 units. For characters beyond
 * U+FFFF, this order is different, and programs in other languages could not verify a hash.
 */
function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  if (!surrogate.test(a) && !surrogate.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}
