import { expectedError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { secret as secretKind } from '../../lib/kubernetes/kinds.ts';
import type { LeaseName } from '../../lib/kubernetes/names.ts';
import type { ResourceAccess } from '../../lib/permissions/permission.ts';
import { createsHashKey } from '../../lib/permissions/source-permissions.ts';
import {
  type HashKeys,
  hashKeyLabel,
  hashKeySecret,
  newKeyCommand,
} from '../../lib/rules/hash/hash-keys.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { readHashKeys } from '../reading/hash-keys.ts';

/** The hash key that a pass would use. */
export interface HashKeyFinding {
  /**
   * `off`: hashKey is not set, or the Secret has only `previous`. `absent`: hashKey is `auto` and
   * its Secret does not exist. `unusable`: a pass would end with an error.
   */
  readonly state: 'off' | 'present' | 'absent' | 'unusable';
  readonly sentence: string;
  /** The command that creates the Secret. Present only if the Secret does not exist. */
  readonly command?: string;
}

export async function lookAtHashKey(
  settings: Settings,
  { namespace }: LeaseName,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<HashKeyFinding> {
  const { hashKey } = settings;
  if (hashKey === undefined) return { state: 'off', sentence: 'none: hashes are SHA-256' };
  const secret = hashKeySecret(hashKey, namespace);
  const label = hashKeyLabel(secret);
  let keys: HashKeys | undefined;
  try {
    keys = await readHashKeys(settings, namespace, cluster, signal);
  } catch (error) {
    return { state: 'unusable', sentence: expectedError(error, signal).message };
  }
  if (keys === undefined) {
    return {
      state: 'absent',
      sentence: `${label} does not exist`,
      command: newKeyCommand(secret),
    };
  }
  return keys.current.keyId === undefined
    ? { state: 'off', sentence: `${label} has only previous: hashes are SHA-256` }
    : { state: 'present', sentence: `${label} exists` };
}

/** The sentence in the section of `check`. */
export function hashKeySentence(
  { state, sentence }: HashKeyFinding,
  permissions: readonly ResourceAccess[],
): string {
  if (state !== 'absent') return sentence;
  return permissions.some(createsHashKey)
    ? `${sentence} yet: the next pass creates it, unless workloads have hashes that were made with a lost key`
    : `${sentence}: hashes are SHA-256`;
}

/**
 * The risk of hashes without a key: an account that can read workloads can guess values from them.
 */
export function guessingNote(
  { state, sentence, command }: HashKeyFinding,
  permissions: readonly ResourceAccess[],
): string | undefined {
  const guessable = `an account that can read workloads, but not ${secretKind.kind}s, can guess a short value such as a PIN`;
  if (state === 'off') {
    return `hashes are made without a key: ${guessable}; hashKey: auto prevents that (docs/security.md)`;
  }
  if (state !== 'absent' || permissions.some(createsHashKey)) return undefined;
  return `${sentence}, and this account may not create it, so hashes are made without a key: ${guessable}; create it: ${command}`;
}
