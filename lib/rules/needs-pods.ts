import { matchRecordedHash } from './hash/recorded-hash.ts';
import { resolve } from './resolve.ts';
import type { SourcesSeen } from './sources-seen.ts';
import type { Workload } from './workload.ts';

/**
 * Whether the Pods of the workload have to be read before `decide` is asked: where what is recorded is
 * another configuration, or nothing is.
 */
export function needsPods(
  workload: Workload,
  { hashes, readings, carriesHashOfWave, tooLarge }: SourcesSeen,
): boolean {
  const { template, adoptionFacts, configuration, deleting, adopted, restart } = workload;
  if (configuration.kind !== 'references' || deleting || tooLarge !== undefined) return false;
  const isFirst = template.hash === undefined && adopted === undefined;
  const isAsked = isFirst ? dependsOnPods(adoptionFacts) : restart !== undefined;
  if (!isAsked || carriesHashOfWave || hashes.now.sources.size === 0) return false;
  const { missing, unreadable } = resolve(workload, configuration.references, readings);
  return missing.length + unreadable.length === 0 && !matchRecordedHash(workload, hashes).same;
}

/** Its Pods are taken to be current with `baseline`, until a hash was written because they were not. */
function dependsOnPods(adoptionFacts: Workload['adoptionFacts']): boolean {
  if (adoptionFacts === undefined) return false;
  const { adoption, lost, podless } = adoptionFacts;
  return adoption === 'if-changed' || (adoption === 'baseline' && lost !== undefined && !podless);
}
