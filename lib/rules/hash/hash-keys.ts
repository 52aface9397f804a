import { UsageError } from '../../errors.ts';
import type { SourceName } from '../../kubernetes/cluster.ts';
import type { SourceObject } from '../../kubernetes/objects.ts';
import { quote } from '../../text/quote.ts';
import { type Digest, keyedDigest, plainDigest } from './digest.ts';

/**
 * What hashes are made with. The data of a workload is known again under any of these, so that a
 * change of the key is no change of the configuration.
 */
export interface HashKeys {
  /** What is written is made with it. */
  readonly current: Digest;
  /** What is recorded may still be made with these. */
  readonly earlier: readonly Digest[];
}

export const withoutKey: HashKeys = { current: plainDigest, earlier: [] };

/** A key that can be found by trying protects nothing: 16 bytes are out of reach. */
const fewestBytes = 16;

/** Setting `hashKey`: a Secret that a pass makes itself. No Secret of this name is meant by it. */
export const autoHashKey = 'auto';
const autoSecret = 'wave-cron-hash-key';

/** The Secret that the setting `hashKey` names: `name`, `namespace/name`, or `auto`. */
export function hashKeySecret(setting: string, ownNamespace: string): SourceName {
  if (setting === autoHashKey) {
    return { kind: 'Secret', namespace: ownNamespace, name: autoSecret };
  }
  const [first = '', second] = setting.split('/');
  return second === undefined
    ? { kind: 'Secret', namespace: ownNamespace, name: first }
    : { kind: 'Secret', namespace: first, name: second };
}

/** Makes a Secret with a new key. It works in every POSIX shell, and leaves no file with the key behind. */
export function newKeyCommand({ namespace, name }: SourceName): string {
  return `head -c 32 /dev/urandom | kubectl -n ${namespace} create secret generic ${name} --from-file=key=/dev/stdin`;
}

/** What it is called in messages. */
export function hashKeyLabel({ namespace, name }: SourceName): string {
  return `Secret ${namespace}/${name} (setting hashKey)`;
}

/**
 * Reads the keys from their Secret. Whatever looks like a mistake is refused, since each would
 * restart workloads or leave their hashes unprotected, in silence.
 *
 * @throws UsageError
 */
export function hashKeysFrom({ data }: SourceObject, label: string): HashKeys {
  const given = new Map(Object.entries(data ?? {}));
  const unknown = [...given.keys()].filter((name) => name !== 'key' && name !== 'previous');
  if (unknown.length > 0) {
    throw new UsageError(
      `${label} has ${quote(unknown[0] ?? '')}: only key (the current key) and previous (the previous key) are allowed`,
    );
  }
  const read = (name: 'key' | 'previous'): Digest | undefined => {
    if (!given.has(name)) return undefined;
    const value: unknown = given.get(name);
    const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
    if (bytes.length < fewestBytes) {
      throw new UsageError(
        `${label}: ${name} has ${bytes.length} bytes, and at least ${fewestBytes} random bytes are required, for example from openssl rand 32`,
      );
    }
    return keyedDigest(bytes);
  };
  const key = read('key');
  const previous = read('previous');
  const before = previous === undefined ? [] : [previous];
  if (key !== undefined) return { current: key, earlier: [plainDigest, ...before] };
  if (before.length > 0) return { current: plainDigest, earlier: before };
  throw new UsageError(
    `${label} has neither key nor previous: put at least ${fewestBytes} random bytes under key, or unset hashKey`,
  );
}
