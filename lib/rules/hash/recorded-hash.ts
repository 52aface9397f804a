import type { AdoptedRecord } from '../adoption/record.ts';
import type { Workload } from '../workload.ts';
import type { ConfigHash } from './config-hash.ts';
import type { ConfigHashes } from './hashing.ts';
import { parseSourceRecord, type SourceRecord, sourceRecordOf } from './source-record.ts';

/** The record of the configuration that the Pods of a workload run with. */
export interface Recorded {
  readonly on: 'template' | 'adopted';
  readonly hash: string | undefined;
  readonly record: SourceRecord;
}

export interface RecordedMatch {
  /** The hash of the current configuration with the current key. This hash would be written. */
  readonly now: ConfigHash;
  /** The part of the record that can be compared with `like`. */
  readonly recorded: Recorded;
  /** The current configuration, hashed with the key of the record if this key is known. */
  readonly like: ConfigHash;
  /** Whether the record equals the current configuration. */
  readonly same: boolean;
  /** Whether only the versions of mounted objects differ from the record. */
  readonly onlyRotated: boolean;
}

type CarriesRecords = Pick<Workload, 'template' | 'adopted'> &
  Partial<Pick<Workload, 'adoptionEnded'>>;

/**
 * Compares the current configuration with the records of a workload, with every key that may have
 * been used. Pure.
 *
 * One matching record is enough: the record on the template, or the record of the adoption. The
 * record of the adoption is written only for a template with the same configuration or a foreign
 * hash. The record on the template is outdated if the record of the adoption is empty, is bound to a pod
 * template, or has `restartAt`. If the record of the adoption is no longer valid, nothing counts as equal.
 */
export function matchRecordedHash(
  { template, adopted, adoptionEnded }: CarriesRecords,
  { now, earlier, beforeRotation = [] }: ConfigHashes,
): RecordedMatch {
  const own: Recorded = {
    on: 'template',
    hash: template.hash,
    record: parseSourceRecord(template.sources, template.hash),
  };
  const first: Recorded =
    adopted === undefined
      ? own
      : { on: 'adopted', hash: adopted.config, record: adoptedRecord(adopted) };
  const isOutdated = adopted?.podTemplate !== undefined || adopted?.restartAt !== undefined;
  const alone = first.record.isEmpty || isOutdated;
  const records = alone ? [first] : [first, own];

  const different = (recorded: Recorded, like: ConfigHash): RecordedMatch => ({
    ...{ now, recorded, like, same: false },
    onlyRotated: recorded.hash !== undefined && beforeRotation.includes(recorded.hash),
  });
  const ways = [now, ...earlier];
  for (const like of ways) {
    const recorded = records.find(({ hash }) => hash === like.hash);
    if (recorded !== undefined) {
      return { now, recorded, like, same: !adoptionEnded, onlyRotated: false };
    }
  }
  for (const recorded of records) {
    const like = ways.find(({ keyId }) => keyId === recorded.record.keyId);
    if (like !== undefined) return different(recorded, like);
  }
  return different(first, now);
}

function adoptedRecord({ sources }: AdoptedRecord): SourceRecord {
  const record = sourceRecordOf(sources);
  return record.sources.size === 0 && !record.leftOut ? { ...record, isEmpty: true } : record;
}
