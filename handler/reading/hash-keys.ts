import { randomBytes } from 'node:crypto';
import { expectedError, UnreachableError, UsageError } from '../../lib/errors.ts';
import { isAbsent, isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster, WriteCall } from '../../lib/kubernetes/cluster.ts';
import { secret as secretKind } from '../../lib/kubernetes/kinds.ts';
import { byName, objectTitle, type SourceName } from '../../lib/kubernetes/names.ts';
import type { SourceObject } from '../../lib/kubernetes/objects.ts';
import {
  autoHashKey,
  type HashKeys,
  hashKeyLabel,
  hashKeySecret,
  hashKeysFrom,
  newKeyCommand,
  withoutKey,
} from '../../lib/rules/hash/hash-keys.ts';
import { type Carrier, carriersOfLostKey } from '../../lib/rules/hash/keyed-records.ts';
import type { Settings } from '../../lib/settings/schema.ts';

/**
 * Reads the hash keys of a pass. If the configured key is missing, nothing is hashed: hashes
 * without a key would restart all workloads, and short values could be guessed from such hashes.
 *
 * @param ownNamespace the namespace of the Secret if the setting has none
 * @returns undefined if the setting is `auto` and its Secret does not exist; `firstHashKeys`
 * handles this once the workloads are known
 * @throws UnreachableError if the Secret cannot be read; UsageError if it does not exist or is
 * invalid
 */
export async function readHashKeys(
  { hashKey }: Pick<Settings, 'hashKey'>,
  ownNamespace: string,
  cluster: Pick<Cluster, 'getSource'>,
  signal: AbortSignal,
): Promise<HashKeys | undefined> {
  if (hashKey === undefined) return withoutKey;
  const secret = hashKeySecret(hashKey, ownNamespace);
  const keys = await read(secret, cluster, signal);
  if (keys === undefined && hashKey !== autoHashKey) {
    throw new UsageError(
      `${hashKeyLabel(secret)} does not exist: create it with at least 16 random bytes under key, or unset hashKey`,
    );
  }
  return keys;
}

/** Undefined if the Secret does not exist. */
async function read(
  secret: SourceName,
  cluster: Pick<Cluster, 'getSource'>,
  signal: AbortSignal,
): Promise<HashKeys | undefined> {
  const label = hashKeyLabel(secret);
  let object: SourceObject;
  try {
    object = await cluster.getSource(secret, signal);
  } catch (error) {
    const { message } = expectedError(error, signal);
    if (isAbsent(error, secret.name)) return undefined;
    throw new UnreachableError(
      `${label} cannot be read, and hashes cannot be compared without it: ${message}; wave-cron needs get on ${secretKind.plural} of this name in namespace ${secret.namespace}`,
    );
  }
  return hashKeysFrom(object, label);
}

export interface FirstHashKeys {
  readonly keys: HashKeys;
  /** If the key could not be created, the reason. */
  readonly problem?: string;
}

/**
 * The hash keys to use if the Secret of `auto` does not exist. They contain a new key, which is
 * stored before it is used.
 *
 * @param carriers all workloads whose passes use this key
 * @param isWhole whether `carriers` is complete. If it is not, a workload that is missing in it may
 * have a record of a lost key
 * @param write the options for the write of the Secret; undefined in a plan, which hashes without a
 * key
 * @throws UsageError if the key was lost; UnreachableError if it is unknown whether the Secret was
 * created; the error of `write.assertMayWrite`
 */
export async function firstHashKeys(
  { carriers, isWhole }: { readonly carriers: readonly Carrier[]; readonly isWhole: boolean },
  ownNamespace: string,
  cluster: Pick<Cluster, 'getSource' | 'createSecret'>,
  signal: AbortSignal,
  write: WriteCall | undefined,
): Promise<FirstHashKeys> {
  const secret = hashKeySecret(autoHashKey, ownNamespace);
  const label = hashKeyLabel(secret);
  const lost = [...carriersOfLostKey(carriers)].sort(byName);
  const [first] = lost;
  if (first !== undefined) {
    const count = lost.length === 1 ? '1 workload has' : `${lost.length} workloads have`;
    throw new UsageError(
      `${label} does not exist, but ${count} hashes made with its key, such as ${objectTitle(first)}; nothing was written: restore the ${secretKind.kind} from a backup, or accept a new key, which restarts each of them once: ${newKeyCommand(secret)}`,
    );
  }
  if (write === undefined) return { keys: withoutKey };
  const withoutIt = (why: string): FirstHashKeys => ({
    keys: withoutKey,
    problem: `${label} does not exist and was not created, so hashes are made without a key, and short values in ${secretKind.kind}s can be guessed from them: ${why}`,
  });
  if (!isWhole) return withoutIt('some workloads could not be listed; the next pass tries again');

  const key = randomBytes(32).toString('base64');
  for (let tries = 1; ; tries += 1) {
    try {
      await cluster.createSecret(secret, { key }, write);
      return { keys: hashKeysFrom({ data: { key } }, label) };
    } catch (error) {
      const { message } = expectedError(error);
      if (isApiError(error, ...refused)) {
        return withoutIt(`${message}; create it yourself: ${newKeyCommand(secret)}`);
      }
      // A conflict has several causes: another pass created the Secret first, our own request
      // succeeded and its response was lost, or the API server is computing a quota.
      const made = isApiError(error, 409) ? await read(secret, cluster, signal) : undefined;
      if (made !== undefined) return { keys: made };
      if (!isApiError(error, 409) || tries === maxTries) {
        throw new UnreachableError(`${label} cannot be created: ${message}`);
      }
    }
  }
}

const maxTries = 3;

/**
 * Missing permissions and exceeded quotas return 403. Policies and webhooks return any of these.
 */
const refused = [400, 403, 422] as const;
