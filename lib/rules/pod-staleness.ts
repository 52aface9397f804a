import type { PodsReading } from './adoption/pods.ts';
import { currencyOf } from './adoption/pods-current.ts';
import type { ConfigHashes } from './hash/hashing.ts';
import type { LostHash } from './lost-hash.ts';
import type { Readings } from './reading.ts';
import type { Reference } from './references.ts';
import type { Workload } from './workload.ts';

/** Whether the hash is a hash of the current configuration, with any known key. */
export function isOfNow({ hash }: LostHash, { now, earlier }: ConfigHashes): boolean {
  return [now, ...earlier].some((each) => each.hash === hash);
}

/**
 * A phrase that says why Pods may still run with the configuration before the write of the hash;
 * undefined if all Pods are newer. Pure. Later changes of the sources are checked in
 * adoption/pods-current.ts.
 */
function doubtAfterLoss(
  lost: LostHash,
  hashes: ConfigHashes,
  pods: PodsReading | undefined,
  toleranceMs: number,
): string | undefined {
  if (!isOfNow(lost, hashes)) return 'a hash of another configuration was written and removed';
  const { at } = lost;
  if (at === undefined) return 'a hash was written and removed at an unknown time';
  if (pods === undefined) return `the hash was written at ${at} and removed`;
  if (pods.state === 'unreadable') {
    return `the hash was written at ${at} and removed, and its Pods could not be read: ${pods.why}`;
  }
  const youngest = Date.parse(at) + toleranceMs;
  // If a time is unreadable, the comparison is false, so the Pod counts as old.
  const older = pods.groups
    .flatMap(({ oldest }) => oldest ?? [])
    .find(({ createdAt }) => !(Date.parse(createdAt) > youngest));
  return older === undefined
    ? undefined
    : `the hash was written at ${at} and removed, and Pod ${older.name} was created at ${older.createdAt || 'an unknown time'}, not later by more than ${toleranceMs / 1000} s`;
}

/**
 * A phrase that says why Pods of a workload without a hash may not run with the current
 * configuration; undefined if they run with it. Pure.
 */
export function whyPodsMayBeStale(
  workload: Workload,
  references: readonly Reference[],
  { readings, hashes }: { readonly readings: Readings; readonly hashes: ConfigHashes },
  pods: PodsReading | undefined,
): string | undefined {
  const { adoptionFacts, clockToleranceMs } = workload;
  if (adoptionFacts === undefined) return 'a hash was written and removed';
  const { lost, podless } = adoptionFacts;
  if (lost !== undefined) {
    if (podless) return undefined;
    const doubt = doubtAfterLoss(lost, hashes, pods, clockToleranceMs);
    if (doubt !== undefined) return doubt;
  }
  const read = pods ?? { state: 'unreadable', why: 'they were not read' };
  const sources = { references, readings, before: undefined, now: hashes.now };
  const currency = currencyOf(workload, sources, read);
  if (currency.state === 'current') return undefined;
  return currency.state === 'settling' ? 'its rollout is in progress' : currency.why;
}

/**
 * A clause that says with which configuration the Pods run if the hash is removed after each write.
 *
 * @param doubt the result of `whyPodsMayBeStale`
 */
export function podsMeanwhile(
  { adoptionFacts }: Workload,
  pods: PodsReading | undefined,
  doubt: string | undefined,
): string {
  if (adoptionFacts?.podless) return 'none of its Pods runs';
  if (doubt === undefined) return 'its Pods run with the current configuration';
  const why = pods === undefined ? '' : ` (${doubt})`;
  return `its Pods may run with an older configuration${why}`;
}
