import type { WorkloadName } from '../../kubernetes/names.ts';
import type { Workload } from '../workload.ts';
import { parseSourceRecord, sourceRecordOf } from './source-record.ts';

/**
 * Whether a workload has a record that can be compared only with a key: the record on its template,
 * or the record of its adoption.
 */
export function carriesKeyedRecord({
  template,
  adopted,
}: Pick<Workload, 'template' | 'adopted'>): boolean {
  return (
    parseSourceRecord(template.sources, template.hash).keyId !== undefined ||
    (adopted !== undefined && sourceRecordOf(adopted.sources).keyId !== undefined)
  );
}

/** A workload, and whether it has a keyed record. */
export interface Carrier extends WorkloadName {
  readonly keyed: boolean;
}

export function carrierOf(workload: Workload): Carrier {
  const { kind, namespace, name } = workload;
  return { kind, namespace, name, keyed: carriesKeyedRecord(workload) };
}

/**
 * The workloads that a lost key would restart; empty if no key was lost.
 *
 * Anyone who may edit a workload can write a record with a key id. If one record were enough, a
 * tenant could stop all passes. So a key counts as lost only if more than half of the namespaces
 * have such records. If a key was really in use, nearly all namespaces have them.
 */
export function carriersOfLostKey(carriers: readonly Carrier[]): readonly Carrier[] {
  const keyed = carriers.filter((carrier) => carrier.keyed);
  const namespaces = (of: readonly Carrier[]): number =>
    new Set(of.map(({ namespace }) => namespace)).size;
  return 2 * namespaces(keyed) > namespaces(carriers) ? keyed : [];
}
