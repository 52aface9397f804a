import { type WorkloadKind, workloadEntry } from '../../kubernetes/kinds.ts';
import type { RevisionObject } from '../../kubernetes/objects.ts';
import type { AnnotationKeys } from '../annotations.ts';
import { isBoundTo } from '../hash/source-record.ts';

/** What is kept of a ReplicaSet or ControllerRevision. A tenant can create many of them. */
export interface PastRevision {
  /** It has an entry for each rollback to its template. */
  readonly numbers: readonly number[];
  /** In milliseconds since 1970. */
  readonly createdAt: number;
  /** The hash of its template, if it is ours. */
  readonly hash: string | undefined;
}

/** The default number of revisions of a Deployment is ten. */
export const maxRevisions = 1000;
const maxNumbers = 100;

export function pastRevision(
  kind: WorkloadKind,
  object: RevisionObject,
  keys: AnnotationKeys,
): PastRevision {
  const { number, template, earlierNumbers } = workloadEntry(kind).revisions;
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
 * When hashes of ours were written, according to the revisions. A revision with the same hash as
 * the previous one changed something else. The time of a rollback is unknown: its revision counts
 * with its creation time, so too early rather than too late.
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
