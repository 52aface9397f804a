import type { WorkloadName } from '../../kubernetes/names.ts';
import { type Given, hasFailed, isSameVersion, type SourceVersions } from './given.ts';
import { type Change, type Hold, heldBecause } from './hold.ts';
import type { UnderWay } from './under-way.ts';

/** A workload, and its unfinished rollout if wave-cron started this rollout. */
export interface Witness extends WorkloadName {
  readonly underWay?: UnderWay | undefined;
}

/** A workload whose rollout failed with a version of a source. */
export interface Failure {
  readonly witness: Witness;
  /** The source, named as in `/config-sources`. */
  readonly source: string;
}

/**
 * The first other workload whose rollout failed with a version that this workload would get.
 *
 * @param own the versions on trial in this workload. If the failed version is one of them, this
 * workload already had the failed version. It now gets a correction that was written in the same
 * second
 * @param versions the versions that this workload would get
 * @param witnesses the workloads of the namespace with versions on trial, sorted by name
 */
export function failureOf(
  { kind, name }: WorkloadName,
  own: Given,
  versions: SourceVersions,
  witnesses: readonly Witness[],
  now: number,
  progressDeadlineMs: number,
): Failure | undefined {
  for (const witness of witnesses) {
    const { underWay } = witness;
    if (underWay === undefined || (witness.kind === kind && witness.name === name)) continue;
    for (const [source, given] of underWay.given) {
      const version = versions.get(source);
      if (version === undefined || !isSameVersion(version, given.version)) continue;
      const before = own.get(source)?.version;
      if (before !== undefined && isSameVersion(before, given.version)) continue;
      if (hasFailed(given, underWay, now, progressDeadlineMs)) return { witness, source };
    }
  }
  return undefined;
}

/** Holds a workload if it would get a version with which the rollout of another workload failed. */
export function stoppedByFailure(
  { changed }: Pick<Change, 'changed'>,
  _policy: object,
  { failure }: { readonly failure?: Failure | undefined },
): Hold<'StoppedByFailure'> | undefined {
  if (failure === undefined) return undefined;
  const { witness, source } = failure;
  const { kind, namespace, name, underWay } = witness;
  const why = `the rollout of ${kind}/${name} failed with ${source} as it is now`;
  const end = `${source} changes, or ${kind}/${name} is healthy or deleted`;
  const pod = underWay?.state.waitsForPod;
  const hint =
    pod === undefined
      ? ''
      : `; ${kind}/${name} may wait for its broken Pod also after a correction (kubernetes#67250): kubectl -n ${namespace} delete pod ${pod} helps`;
  return { reason: 'StoppedByFailure', sentence: `${heldBecause(changed, why, end)}${hint}` };
}
