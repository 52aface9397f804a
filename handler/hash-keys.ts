import { UnreachableError, UsageError, WaveCronError } from '../lib/errors.ts';
import {
  type HashKeys,
  hashKeyLabel,
  hashKeySecret,
  hashKeysFrom,
  withoutKey,
} from '../lib/hash-keys.ts';
import { isAbsent } from '../lib/kubernetes/api-error.ts';
import type { Cluster } from '../lib/kubernetes/cluster.ts';
import type { SourceObject } from '../lib/pod-spec.ts';
import type { Settings } from '../lib/settings/schema.ts';

/**
 * What the hashes of a pass are made with, read anew for each. Without the key nothing is hashed:
 * hashes of another kind would roll everything, and tell what the key is to hide.
 *
 * @param ownNamespace where the Secret is where the setting names no namespace
 * @throws UnreachableError where the Secret cannot be read, UsageError where it does not exist or
 * is not as it must be
 */
export async function readHashKeys(
  { hashKey }: Pick<Settings, 'hashKey'>,
  ownNamespace: string,
  cluster: Pick<Cluster, 'getSource'>,
  signal: AbortSignal,
): Promise<HashKeys> {
  if (hashKey === undefined) return withoutKey;
  const secret = hashKeySecret(hashKey, ownNamespace);
  const label = hashKeyLabel(secret);
  let object: SourceObject;
  try {
    object = await cluster.getSource(secret, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof WaveCronError)) throw error;
    if (isAbsent(error, secret.name)) {
      throw new UsageError(
        `${label} does not exist: make it with at least 16 random bytes under key, or take the setting away`,
      );
    }
    throw new UnreachableError(
      `${label} cannot be read, and without it nothing can be compared: ${error.message}; wave-cron needs get on secrets of this name in namespace ${secret.namespace}`,
    );
  }
  return hashKeysFrom(object, label);
}
