import type { ObjectMeta } from '../kubernetes/objects.ts';
import type { PodsReading } from './adoption/pods.ts';
import { currencyOf } from './adoption/pods-current.ts';
import type { AnnotationKeys } from './annotations.ts';
import type { SourcesSeen } from './decide.ts';
import { fieldManager } from './event.ts';
import type { ConfigHashes } from './hash/hashing.ts';
import type { Reference } from './references.ts';
import type { Workload } from './workload.ts';

/**
 * A hash that wave-cron wrote to a template that has none now. It may have been removed before any
 * Pod was replaced, so the Pods cannot be assumed to be current.
 */
export interface LostHash {
  /** Undefined if the record is not valid. */
  readonly hash: string | undefined;
  /**
   * RFC 3339, whole seconds, UTC, by the clock of the API server; not before the hash was written.
   * Undefined if unknown.
   */
  readonly at: string | undefined;
}

/** Reads the record of the last written hash, for a workload without a hash on its template. */
export function lostHashOf(
  { annotations, managedFields }: ObjectMeta,
  { writtenHash }: AnnotationKeys,
): LostHash | undefined {
  const recorded = annotations?.[writtenHash];
  if (recorded === undefined) return undefined;
  let at: string | undefined;
  for (const { manager, time, fieldsV1 } of managedFields ?? []) {
    const isOurs = manager === fieldManager;
    const fields = fieldsV1?.['f:metadata']?.['f:annotations'];
    if (!isOurs || !time || fields?.[`f:${writtenHash}`] === undefined) continue;
    if (at === undefined || time > at) at = time;
  }
  return { hash: /^[0-9a-f]{64}$/.test(recorded) ? recorded : undefined, at };
}

/** Whether that hash is the hash of the current configuration, with any known key. */
export function isOfNow({ hash }: LostHash, { now, earlier }: ConfigHashes): boolean {
  return [now, ...earlier].some((each) => each.hash === hash);
}

/**
 * Why Pods may still run with an older configuration than that of the lost hash, as a phrase;
 * undefined if none can. Pure. Later writes to sources are checked separately in
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
  // A comparison with an invalid time is false.
  const older = pods.groups
    .flatMap(({ oldest }) => oldest ?? [])
    .find(({ createdAt }) => !(Date.parse(createdAt) > youngest));
  return older === undefined
    ? undefined
    : `the hash was written at ${at} and removed, and Pod ${older.name} was created at ${older.createdAt || 'an unknown time'}, not later by more than ${toleranceMs / 1000} s`;
}

/**
 * Why Pods of a workload without a hash may not run with the current configuration, as a phrase;
 * undefined if all do. Pure.
 */
export function whyPodsMayBeStale(
  workload: Workload,
  references: readonly Reference[],
  { readings, hashes }: Pick<SourcesSeen, 'readings' | 'hashes'>,
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
 * What is known about the Pods of a workload whose hash is removed each time, as a clause.
 *
 * @param doubt from `whyPodsMayBeStale`
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
