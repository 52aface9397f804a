import type { AnnotationNames } from './annotations.ts';
import type { Stamp } from './decide.ts';
import { formatRecord, mayOwn, type OwnedRecord } from './ownership/record.ts';
import type { Workload } from './workload.ts';

/**
 * The one patch of a workload: a strategic merge of our two annotations on the pod template, our
 * record and our finalizer, with the version that was read as its precondition. It names no other
 * field, so it can neither undo what somebody else wrote meanwhile nor drop a field that this
 * version does not know. Undefined where nothing is to be written.
 *
 * @param stamp null: both annotations of the template are taken off
 * @param owned what the record is to say; undefined where it and the finalizer are left alone
 */
export function workloadPatch(
  workload: Workload,
  stamp: Stamp | null | undefined,
  owned: OwnedRecord | undefined,
  names: AnnotationNames,
): object | undefined {
  const ownership = owned === undefined ? undefined : ownershipFields(workload, owned, names);
  if (stamp === undefined && ownership === undefined) return undefined;
  return {
    metadata: { resourceVersion: workload.resourceVersion, ...ownership },
    ...(stamp === undefined ? {} : { spec: templateFields(stamp, names) }),
  };
}

function templateFields(stamp: Stamp | null, names: AnnotationNames): object {
  const annotations = {
    [names.configHash]: stamp?.hash ?? null,
    [names.configSources]: stamp?.sources ?? null,
  };
  return { template: { metadata: { annotations } } };
}

function ownershipFields(
  { ownership }: Workload,
  owned: OwnedRecord,
  names: AnnotationNames,
): object | undefined {
  const own = mayOwn(owned);
  const record = own ? formatRecord(owned) : undefined;
  if (ownership.finalizer === own && ownership.record === record) return undefined;
  return {
    ...(ownership.record === record
      ? {}
      : { annotations: { [names.ownedSources]: record ?? null } }),
    ...(ownership.finalizer === own
      ? {}
      : { [own ? 'finalizers' : '$deleteFromPrimitiveList/finalizers']: [names.finalizer] }),
  };
}
