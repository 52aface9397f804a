/** Decides as a pass does, of sources that a test has in memory all at once. */

import type { PodsReading } from '../../lib/adoption/pods.ts';
import { WaveHashing } from '../../lib/adoption/wave.ts';
import {
  byIdentity,
  type ConfigHash,
  ConfigHasher,
  type HashEntry,
} from '../../lib/config-hash.ts';
import { type Decision, decide as decideAbout, type SourcesSeen } from '../../lib/decide.ts';
import type { Digest } from '../../lib/digest.ts';
import type { HashKeys } from '../../lib/hash-keys.ts';
import { Hashing } from '../../lib/hashing.ts';
import type { SourceReading } from '../../lib/reading.ts';
import { sourceKey } from '../../lib/references.ts';
import type { Workload } from '../../lib/workload.ts';

export type SourceReadings = ReadonlyMap<string, SourceReading>;

export function decide(
  workload: Workload,
  readings: SourceReadings,
  keys: HashKeys,
  pods?: PodsReading,
): Decision {
  return decideAbout(workload, seen(workload, readings, keys), pods);
}

export function seen(workload: Workload, sources: SourceReadings, keys: HashKeys): SourcesSeen {
  const { configuration, firstSight, template, deleting } = workload;
  const references =
    configuration.kind === 'references' && !deleting ? configuration.references : [];
  const hashing = new Hashing(workload, references, keys);
  for (const reference of hashing.order) {
    const source = sources.get(sourceKey(reference));
    if (source === undefined) throw new Error(`no reading for ${sourceKey(reference)}`);
    hashing.take(reference, source);
  }
  const wave = firstSight?.wave && new WaveHashing(firstSight.wave);
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
