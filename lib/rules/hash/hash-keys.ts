import { UsageError } from '../../errors.ts';
import { secret } from '../../kubernetes/kinds.ts';
import { objectTitle, type SourceName } from '../../kubernetes/names.ts';
import type { SourceObject } from '../../kubernetes/objects.ts';
import { quote } from '../../text/quote.ts';
import { type Digest, keyedDigest, plainDigest } from './digest.ts';

/**
 * The digests of a pass. Data is recognized with any of these digests, so a changed key does not
 * count as a changed configuration.
 */
export interface HashKeys {
  /** Used for everything that is written. */
  readonly current: Digest;
  /** The digests with which existing records may have been made. */
  readonly earlier: readonly Digest[];
}

export const withoutKey: HashKeys = { current: plainDigest, earlier: [] };

/** A key of 16 bytes cannot be guessed. */
const fewestBytes = 16;

/**
 * The value of `hashKey` with which a pass creates the Secret. It is not the name of the Secret.
 */
export const autoHashKey = 'auto';
const autoSecret = 'wave-cron-hash-key';

/** The Secret in the setting `hashKey`: `name`, `namespace/name`, or `auto`. */
export function hashKeySecret(setting: string, ownNamespace: string): SourceName {
  if (setting === autoHashKey) {
    return { kind: secret.kind, namespace: ownNamespace, name: autoSecret };
  }
  const [first = '', second] = setting.split('/');
  return second === undefined
    ? { kind: secret.kind, namespace: ownNamespace, name: first }
    : { kind: secret.kind, namespace: first, name: second };
}

/**
 * The command that creates a Secret with a new key. It works in every POSIX shell and leaves no
 * file with the key.
 */
export function newKeyCommand({ namespace, name }: SourceName): string {
  return `head -c 32 /dev/urandom | kubectl -n ${namespace} create secret generic ${name} --from-file=key=/dev/stdin`;
}

/** The name of the Secret in messages. */
export function hashKeyLabel(source: SourceName): string {
  return `${objectTitle(source)} (setting hashKey)`;
}

/**
 * Reads the keys from their Secret. If anything in the Secret looks like a mistake, it throws.
 * Otherwise, the mistake would silently restart workloads or leave their hashes without a key.
 *
 * @throws UsageError
 */
export function hashKeysFrom({ data }: SourceObject, label: string): HashKeys {
  const given = new Map(Object.entries(data ?? {}));
  const unknown = [...given.keys()].find((name) => name !== 'key' && name !== 'previous');
  if (unknown !== undefined) {
    throw new UsageError(
      `${label} has ${quote(unknown)}: only key (the current key) and previous (the previous key) are allowed`,
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
