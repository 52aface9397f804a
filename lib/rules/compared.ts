import { recordName } from '../kubernetes/names.ts';
import type { PodsReading } from './adoption/pods.ts';
import type { AdoptedRecord } from './adoption/record.ts';
import type { Proposal } from './decision.ts';
import type { ConfigHash } from './hash/config-hash.ts';
import type { RecordedMatch } from './hash/recorded-hash.ts';
import { boundRecord, type RecordedKeys, writtenRecord } from './hash/source-record.ts';
import { whyPodsMayBeStale } from './pod-staleness.ts';
import type { Readings } from './reading.ts';
import { type Reference, sourceKey } from './references.ts';
import { identityOf } from './resolve.ts';
import type { SourcesSeen } from './sources-seen.ts';
import type { Workload } from './workload.ts';

/**
 * A workload whose current configuration differs from the recorded configuration, with the facts
 * about both.
 */
export interface Compared extends RecordedMatch {
  readonly workload: Workload;
  readonly references: readonly Reference[];
  readonly seen: SourcesSeen;
  readonly pods: PodsReading | undefined;
  /** The record of the current configuration, as it would be written. */
  readonly written: AdoptedRecord['sources'];
}

export function compared(
  workload: Workload,
  references: readonly Reference[],
  seen: SourcesSeen,
  pods: PodsReading | undefined,
  match: RecordedMatch,
): Compared {
  const { restart } = workload;
  const keys = restart === undefined ? new Map() : keysOf(workload, references, seen.readings);
  const written = writtenRecord({ ...match.now, keys });
  return { ...match, workload, references, seen, pods, written };
}

/** The record that its Pods run with the current configuration. It is written instead of a hash. */
export function adoptedNow({ workload, now, written }: Compared): AdoptedRecord {
  return { template: workload.template.hash ?? '', config: now.hash, sources: written };
}

/** The fields of a proposal that writes the hash of the current configuration. */
export function writingHash({
  workload,
  seen,
  now,
  written,
}: Compared): Pick<Proposal, 'hashAnnotations' | 'earlierHashes'> {
  const { hash, sources } = workload.template;
  const hashAnnotations = { hash: now.hash, sources: boundRecord(written, now.hash, sources) };
  if (hash !== undefined) return { hashAnnotations };
  return { hashAnnotations, earlierHashes: seen.hashes.earlier.map((each) => each.hash) };
}

/**
 * The reasons why Pods of a workload whose template has no hash may be older than its
 * configuration.
 */
export function staleness({ workload, references, seen, pods }: Compared): string | undefined {
  return whyPodsMayBeStale(workload, references, seen, pods);
}

export function countOf({ sources }: ConfigHash): string {
  return sources.size === 1 ? '1 source' : `${sources.size} sources`;
}

/**
 * A clause that says why the Pods of the workload are not replaced as soon as its template changes;
 * empty if they are replaced.
 */
export function restartCaveat({ kind, podsFollow }: Workload): string {
  if (podsFollow === 'when promoted') {
    return '; its strategy waits: the last Pods restart when somebody promotes it';
  }
  if (podsFollow === 'from the first step') {
    return '; it is in the middle of a rollout, whose steps start again';
  }
  if (podsFollow === 'unknown') {
    return `; wave-cron does not know how the controller of a ${kind} restarts Pods after that`;
  }
  if (podsFollow === 'when resumed') return '; it is paused: Pods restart when it is resumed';
  if (podsFollow === 'when deleted') {
    return '; its update strategy is OnDelete: Pods restart when they are deleted';
  }
  return '';
}

/** The keys to record, by source, named as in `/config-sources`. */
function keysOf(
  { namespace }: Workload,
  references: readonly Reference[],
  readings: Readings,
): ReadonlyMap<string, RecordedKeys> {
  const keys = new Map<string, RecordedKeys>();
  for (const reference of references) {
    const reading = readings.get(sourceKey(reference));
    if (reading?.state !== 'present' || reading.keys === undefined) continue;
    const { keys: names, immutable } = reading;
    keys.set(recordName(identityOf(reference, namespace)), { names, immutable });
  }
  return keys;
}
