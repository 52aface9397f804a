import type { Workload } from './workload.ts';

/**
 * What is kept of a workload whose records or references are large, until its turn has come: then it is
 * read again. So the memory of a pass is some hundred bytes a workload, whatever is written on them.
 */
export function sketchIfLarge(workload: Workload): Workload {
  return lengthOf(workload) > largeLength ? sketchOf(workload) : workload;
}

/** Of a workload of which not everything was read. */
export function sketchOf(workload: Workload): Workload {
  const { kind, namespace, name, uid, resourceVersion, deleting, podsFollow } = workload;
  return {
    ...{ kind, namespace, name, uid, resourceVersion, deleting, podsFollow },
    isSketch: true,
    template: { hash: undefined, sources: undefined },
    configuration: { kind: 'references', references: [], note: undefined },
    ownership: { finalizer: false, record: undefined, recordIsOurs: false, putBack: 0 },
    hasAdopted: false,
    adopted: undefined,
    firstSight: undefined,
  };
}

/** Characters, some of which are two bytes each. The records of a hundred sources have some 5,000. */
const largeLength = 16 * 1024;
/** What an object takes besides the names in it. */
const objectLength = 200;

function lengthOf({ template, configuration, ownership, adopted, firstSight }: Workload): number {
  const references = configuration.kind === 'references' ? configuration.references : [];
  const texts = [
    template.hash,
    template.sources,
    ownership.record,
    ...(ownership.mentioned ?? []),
    firstSight?.podSelector,
    configuration.kind === 'refused' ? configuration.why : undefined,
    adopted?.template,
    ...Object.entries(adopted?.sources ?? {}).flat(),
    ...references.flatMap(({ name, keys }) => [name, ...(keys === 'all' ? [] : keys)]),
  ];
  const objects = references.length + (firstSight?.wave?.length ?? 0);
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), objects * objectLength);
}
