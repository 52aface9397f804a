/** Makes decisions as a pass does, with sources that a test has in memory. */

import type { PodsReading } from '../../../lib/rules/adoption/pods.ts';
import { WaveHashing } from '../../../lib/rules/adoption/wave.ts';
import { decide as decideAbout } from '../../../lib/rules/decide.ts';
import type { Proposal } from '../../../lib/rules/decision.ts';
import {
  byIdentity,
  type ConfigHash,
  ConfigHasher,
  type HashEntry,
} from '../../../lib/rules/hash/config-hash.ts';
import type { Digest } from '../../../lib/rules/hash/digest.ts';
import type { HashKeys } from '../../../lib/rules/hash/hash-keys.ts';
import { Hashing } from '../../../lib/rules/hash/hashing.ts';
import type { SourceReading } from '../../../lib/rules/reading.ts';
import { sourceKey } from '../../../lib/rules/references.ts';
import type { SourcesSeen } from '../../../lib/rules/sources-seen.ts';
import type { Workload } from '../../../lib/rules/workload.ts';

export type SourceReadings = ReadonlyMap<string, SourceReading>;

export function decide(
  workload: Workload,
  readings: SourceReadings,
  keys: HashKeys,
  pods?: PodsReading,
): Proposal {
  return decideAbout(workload, seen(workload, readings, keys), pods);
}

export function seen(workload: Workload, sources: SourceReadings, keys: HashKeys): SourcesSeen {
  const { configuration, adoptionFacts, template, deleting } = workload;
  const references =
    configuration.kind === 'references' && !deleting ? configuration.references : [];
  const hashing = new Hashing(workload, references, keys);
  for (const reference of hashing.order) {
    const source = sources.get(sourceKey(reference));
    if (source === undefined) throw new Error(`no reading for ${sourceKey(reference)}`);
    hashing.take(reference, source);
  }
  const wave = adoptionFacts?.wave && new WaveHashing(adoptionFacts.wave);
  for (const group of wave?.order ?? []) wave?.take(group, sources);
  return {
    readings: hashing.readings,
    hashes: hashing.hashes(),
    carriesHashOfWave: wave?.matches(template.hash ?? '') === true,
    tooLarge: undefined,
  };
}

export function configHash(entries: readonly HashEntry[], digest: Digest): ConfigHash {
  const hasher = new ConfigHasher([digest]);
  for (const entry of [...entries].sort(byIdentity)) hasher.add(entry);
  return hasher.finish()[0] as ConfigHash;
}
