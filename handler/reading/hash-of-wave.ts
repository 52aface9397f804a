import { WaveHashing } from '../../lib/rules/adoption/wave.ts';
import { matchRecordedHash } from '../../lib/rules/hash/recorded-hash.ts';
import type { SourceReading } from '../../lib/rules/reading.ts';
import { type Reference, sourceKey } from '../../lib/rules/references.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import type { Workload } from '../../lib/rules/workload.ts';

/**
 * Whether the hash on a template is upstream Wave's hash of the current configuration. Wave hashes
 * the sources in another order, so the sources are read again. This happens only if our own hash
 * does not match.
 *
 * @param references everything that the workload references
 */
export async function carriesHashOfWave(
  workload: Workload,
  { readings, hashes }: Pick<SourcesSeen, 'readings' | 'hashes'>,
  references: readonly Reference[],
  read: (reference: Reference) => Promise<SourceReading>,
): Promise<boolean> {
  const { hash } = workload.template;
  const wave = workload.adoptionFacts?.wave;
  if (hash === undefined || wave === undefined) return false;
  const byKey = new Map(references.map((reference) => [sourceKey(reference), reference]));
  // If wave-cron cannot read a source that Wave hashes, the hash cannot match.
  const isKnown = wave.every((each) => {
    const state = readings.get(sourceKey(each))?.state;
    return state === 'present' || state === 'absent';
  });
  if (!isKnown || matchRecordedHash(workload, hashes).same) return false;
  const hashing = new WaveHashing(wave);
  for (const group of hashing.order) {
    const found = new Map<string, SourceReading>();
    for (const each of group.references) {
      const key = sourceKey(each);
      const reference = byKey.get(key);
      if (reference !== undefined && !found.has(key))
        found.set(key, await read({ ...reference, keys: 'all' }));
    }
    hashing.take(group, found);
  }
  return hashing.matches(hash);
}
