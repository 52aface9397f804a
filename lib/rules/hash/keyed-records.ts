import type { WorkloadName } from '../../kubernetes/names.ts';
import type { Workload } from '../workload.ts';
import { parseSourceRecord, sourceRecordOf } from './source-record.ts';

/** Whether a workload says of its configuration, on its template or in its adoption, what a key is needed to compare. */
export function carriesKeyedRecord({
  template,
  adopted,
}: Pick<Workload, 'template' | 'adopted'>): boolean {
  return (
    parseSourceRecord(template.sources, template.hash).keyId !== undefined ||
    (adopted !== undefined && sourceRecordOf(adopted.sources).keyId !== undefined)
  );
}

/** A workload, and whether it carries a keyed record. */
export interface Carrier extends WorkloadName {
  readonly keyed: boolean;
}

export function carrierOf(workload: Workload): Carrier {
  const { kind, namespace, name } = workload;
  return { kind, namespace, name, keyed: carriesKeyedRecord(workload) };
}

/**
 * The workloads that a lost key would restart; empty where no key was lost.
 *
 * Whoever may edit a workload can write a keyed record on it. Were one such record enough, its owner could
 * stop the passes of all. So a key was in use only where more than half of the namespaces have such records:
 * where a key was really lost, nearly all of them do.
 */
export function carriersOfLostKey(carriers: readonly Carrier[]): readonly Carrier[] {
  const keyed = carriers.filter((carrier) => carrier.keyed);
  const namespaces = (of: readonly Carrier[]): number =>
    new Set(of.map(({ namespace }) => namespace)).size;
  return 2 * namespaces(keyed) > namespaces(carriers) ? keyed : [];
}
