import type { SourceKind } from '../kubernetes/kinds.ts';
import type { RolloutFacts } from './rollout-policy/facts.ts';
import type { Given } from './rollout-policy/given.ts';
import type { Workload } from './workload.ts';

/**
 * A workload with large records or references, or with patterns, is reduced to a sketch until its turn, and then read
 * again. So a pass needs a few hundred bytes per workload, even if tenants write large objects.
 */
export function sketchIfLarge(workload: Workload): Workload {
  if (lengthOf(workload) > largeLength) return sketchOf(workload, 'it is large');
  return namesNeededBy(workload) === undefined ? workload : sketchOf(workload, 'it has patterns');
}

/**
 * The kinds of sources whose names must be read before the references of the workload are known.
 */
export function namesNeededBy({ configuration }: Workload): readonly SourceKind[] | undefined {
  return configuration.kind === 'refused' ? configuration.needsNames : undefined;
}

export function sketchOf(workload: Workload, because: Workload['isSketch']): Workload {
  const { kind, namespace, name, uid, resourceVersion, deleting, podsFollow, clockToleranceMs } =
    workload;
  const { runBy } = workload;
  return {
    ...(runBy === undefined ? {} : { runBy }),
    ...{ kind, namespace, name, uid, resourceVersion, deleting, podsFollow, clockToleranceMs },
    isSketch: because,
    template: { hash: undefined, sources: undefined },
    configuration: { kind: 'references', references: [], note: undefined },
    ownership: { finalizer: false, record: undefined, recordIsOurs: false, putBack: 0 },
    hasAdopted: false,
    adopted: undefined,
    hasHistory: false,
    history: undefined,
    rollouts: rolloutsOf(workload),
    hasWritten: false,
    adoptionFacts: undefined,
  };
}

/**
 * The facts about a workload that other workloads need before its turn: its order, and its
 * unfinished rollout.
 */
function rolloutsOf({ rollouts: { order, underWay } }: Workload): RolloutFacts {
  if (underWay === undefined) return order === undefined ? {} : { order };
  const isSmall = lengthOfGiven(underWay.given) <= largeLength / 8;
  const kept = isSmall ? underWay : { ...underWay, given: new Map() };
  return { underWay: kept, ...(order === undefined ? {} : { order }) };
}

function lengthOfGiven(given: Given): number {
  return [...given].reduce((sum, [source, { version }]) => sum + source.length + version.length, 0);
}

/**
 * Whether the workload takes so much time of the program and the API server that other workloads
 * come first.
 */
export function isHeavy(workload: Workload): boolean {
  return workload.isSketch === 'it is large' || lengthOf(workload) > largeLength;
}

/**
 * The length of large records, in characters of one or two bytes. The records of a hundred sources
 * have about 5,000.
 */
const largeLength = 16 * 1024;
/** The size of an object without the names in the object. */
const objectLength = 200;

function lengthOf({
  template,
  configuration,
  ownership,
  adopted,
  adoptionFacts,
  unrecorded,
  podSelector,
  rollouts,
}: Workload): number {
  const references = configuration.kind === 'references' ? configuration.references : [];
  const texts = [
    template.hash,
    template.sources,
    ownership.record,
    ...(ownership.mentioned ?? []),
    ...(ownership.otherFinalizers ?? []),
    podSelector,
    unrecorded?.podSelector,
    configuration.kind === 'refused' ? configuration.why : undefined,
    adopted?.template,
    rollouts.texts?.windows,
    ...Object.entries(adopted?.sources ?? {}).flat(),
    ...references.flatMap(({ name, keys }) => [name, ...(keys === 'all' ? [] : keys)]),
  ];
  const given = rollouts.underWay === undefined ? 0 : lengthOfGiven(rollouts.underWay.given);
  const objects = references.length + (adoptionFacts?.wave?.length ?? 0);
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), given + objects * objectLength);
}
