import type { AdoptedRecord } from '../adoption/record.ts';
import type { Workload } from '../workload.ts';
import type { ConfigHash } from './config-hash.ts';
import type { ConfigHashes } from './hashing.ts';
import { parseSourceRecord, type SourceRecord, sourceRecordOf } from './source-record.ts';

/** What a workload says of the configuration that its Pods run with. */
export interface Recorded {
  readonly on: 'template' | 'adopted';
  readonly hash: string | undefined;
  readonly record: SourceRecord;
}

export interface RecordedMatch {
  /** The hash of the configuration of now, as it would be written. */
  readonly now: ConfigHash;
  /** What the workload says of it, as far as it can be compared with `like`. */
  readonly recorded: Recorded;
  /** The configuration of now, hashed as what is recorded was, where it is known how. */
  readonly like: ConfigHash;
  /** Whether what is recorded is the configuration of now. */
  readonly same: boolean;
}

type CarriesRecords = Pick<Workload, 'template' | 'adopted'> &
  Partial<Pick<Workload, 'adoptionEnded'>>;

/**
 * Compares the configuration of now with what a workload says of it, under every key that this may
 * have been said with. Pure.
 *
 * Any record that tells the configuration of now will do: the template's own, or that of its
 * adoption, which is only written over a template of the same configuration or of a hash not ours. But
 * where there was no configuration any more, or one that its Pods had without a new template, what the
 * template has of the one before is over. Where that record has ended, nothing is known to be the same.
 */
export function matchRecordedHash(
  { template, adopted, adoptionEnded }: CarriesRecords,
  { now, earlier }: ConfigHashes,
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
  const alone = first.record.isEmpty || adopted?.podTemplate !== undefined;
  const records = alone ? [first] : [first, own];

  const ways = [now, ...earlier];
  for (const like of ways) {
    const recorded = records.find(({ hash }) => hash === like.hash);
    if (recorded !== undefined) return { now, recorded, like, same: !adoptionEnded };
  }
  for (const recorded of records) {
    const like = ways.find(({ keyId }) => keyId === recorded.record.keyId);
    if (like !== undefined) return { now, recorded, like, same: false };
  }
  return { now, recorded: first, like: now, same: false };
}

function adoptedRecord({ sources }: AdoptedRecord): SourceRecord {
  const record = sourceRecordOf(sources);
  return record.sources.size === 0 && !record.leftOut ? { ...record, isEmpty: true } : record;
}
