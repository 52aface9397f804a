/** Workloads whose sources were read, with the comparison of their recorded and their current configuration. */
import type { PodsReading } from '../../../lib/rules/adoption/pods.ts';
import { type Compared, compared } from '../../../lib/rules/compared.ts';
import { withoutKey } from '../../../lib/rules/hash/hash-keys.ts';
import { matchRecordedHash } from '../../../lib/rules/hash/recorded-hash.ts';
import { boundRecord, writtenRecord } from '../../../lib/rules/hash/source-record.ts';
import { readSource, type SourceReading } from '../../../lib/rules/reading.ts';
import type { SourcesSeen } from '../../../lib/rules/sources-seen.ts';
import type { Workload } from '../../../lib/rules/workload.ts';
import { seen } from './decided.ts';
import { referencing, someWorkload } from './some-workload.ts';

/** The time at which the sources below were written. */
export const writtenAt = '2026-11-30T09:00:00Z';

export function someSource(data: Readonly<Record<string, string>>): SourceReading {
  const owned = Object.fromEntries(Object.keys(data).map((key) => [`f:${key}`, {}]));
  const managedFields = [{ manager: 'm', time: writtenAt, fieldsV1: { 'f:data': owned } }];
  const metadata = { creationTimestamp: '2026-11-30T08:00:00Z', managedFields };
  return readSource('ConfigMap', { metadata, data }, 'all');
}

/** A workload that uses `ConfigMap/settings`. */
export const usingSettings = (more: Partial<Workload> = {}): Workload =>
  someWorkload({ configuration: referencing('ConfigMap/settings'), ...more });

/** The sources of a workload as a pass sees them, after `ConfigMap/settings` was read. */
export function seenWith(
  workload: Workload,
  source: SourceReading = someSource({ level: 'info' }),
): SourcesSeen {
  return seen(workload, new Map([['ConfigMap/shop/settings', source]]), withoutKey);
}

/** The comparison that a pass makes, with this reading of `ConfigMap/settings`. */
export function comparedWith(
  workload: Workload,
  source?: SourceReading,
  pods?: PodsReading,
): Compared {
  const all = seenWith(workload, source);
  const { configuration } = workload;
  const references = configuration.kind === 'references' ? configuration.references : [];
  const match = matchRecordedHash(workload, all.hashes);
  return compared(workload, references, all, pods, match);
}

/** The annotations on the template after the hash of `ConfigMap/settings` was written. */
export function templateWith(source: SourceReading): Workload['template'] {
  const { now } = seenWith(usingSettings(), source).hashes;
  const record = writtenRecord({ ...now, keys: new Map() });
  return { hash: now.hash, sources: boundRecord(record, now.hash, undefined) };
}

/** Pods of the Deployment `web` with its newest template, one for each creation time. */
export function podsCreated(template: string, ...times: readonly string[]): PodsReading {
  return {
    state: 'read',
    readAt: Date.parse('2026-11-30T12:00:00Z'),
    groups: times.map((createdAt, i) => ({
      controller: { kind: 'ReplicaSet', name: 'web-1', uid: 'set' },
      ...{ revision: undefined, generation: undefined },
      oldest: { name: `web-1-${i}`, createdAt },
    })),
    replicaSets: [
      {
        uid: 'set',
        controller: { kind: 'Deployment', name: 'web', uid: 'web' },
        ...{ template, wantsPods: true },
      },
    ],
  };
}
