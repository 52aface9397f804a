import { matchRecordedHash } from './hash/recorded-hash.ts';
import { resolve } from './resolve.ts';
import type { SourcesSeen } from './sources-seen.ts';
import type { Workload } from './workload.ts';

/**
 * Whether `decide` needs the Pods of the workload. It can need them only if no configuration is
 * recorded, or if the recorded configuration is not the current one.
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

/**
 * Whether the decision depends on Pods. With `baseline`, the Pods count as current without a check,
 * unless a hash of the workload was removed.
 */
function dependsOnPods(adoptionFacts: Workload['adoptionFacts']): boolean {
  if (adoptionFacts === undefined) return false;
  const { adoption, lost, podless } = adoptionFacts;
  return adoption === 'if-changed' || (adoption === 'baseline' && lost !== undefined && !podless);
}
