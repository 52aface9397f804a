import { revisionKind, type WorkloadKind } from '../../kubernetes/kinds.ts';
import type { RevisionObject } from '../../kubernetes/objects.ts';
import type { AnnotationKeys } from '../annotations.ts';
import { isBoundTo } from '../hash/source-record.ts';

/**
 * The part of a ReplicaSet or ControllerRevision that a pass keeps in memory. It is small, because a tenant
 * can create many of them.
 */
export interface PastRevision {
  /**
   * The number of the revision, and an earlier number for each time that the workload returned to
   * the revision.
   */
  readonly numbers: readonly number[];
  /** The time at which the revision was created, in milliseconds since 1970. */
  readonly createdAt: number;
  /** The hash on the revision's template; undefined if wave-cron did not write it. */
  readonly hash: string | undefined;
}

/** The maximum number of revisions that are read. By default, a Deployment keeps ten old ones. */
export const maxRevisions = 1000;
const maxNumbers = 100;

export function pastRevision(
  kind: WorkloadKind,
  object: RevisionObject,
  keys: AnnotationKeys,
): PastRevision {
  const { number, template, earlierNumbers } = revisionKind(kind);
  const annotations = template(object).metadata?.annotations ?? {};
  const hash = annotations[keys.configHash];
  const isOurs = isBoundTo(annotations[keys.configSources], hash);
  const earlier = (earlierNumbers(object) ?? '').split(',', maxNumbers);
  return {
    numbers: [number(object), ...earlier.map(Number)].filter((each) => each > 0),
    createdAt: Date.parse(object.metadata?.creationTimestamp ?? ''),
    hash: isOurs ? hash : undefined,
  };
}

/**
 * The times at which wave-cron wrote hashes, according to the revisions, in milliseconds since 1970.
 *
 * A revision with the same hash as the previous one changed something else and does not count. Kubernetes
 * does not record the time of a return to an earlier revision, so its creation time counts. That is too early
 * rather than too late.
 */
export function writesShownBy(revisions: readonly PastRevision[]): number[] {
  return revisions
    .flatMap(({ numbers, createdAt, hash }) =>
      numbers.map((number) => ({ number, createdAt, hash })),
    )
    .sort((a, b) => a.number - b.number)
    .filter(({ hash }, i, all) => hash !== undefined && hash !== all[i - 1]?.hash)
    .map(({ createdAt }) => createdAt)
    .filter((time) => !Number.isNaN(time));
}
