import { type WorkloadKind, workloadEntry } from '../../kubernetes/kinds.ts';
import type { RevisionObject } from '../../kubernetes/objects.ts';
import type { AnnotationKeys } from '../annotations.ts';
import { isBoundTo } from '../hash/source-record.ts';

/** What is kept of a ReplicaSet or ControllerRevision: whoever may edit a workload can make many. */
export interface PastRevision {
  /** It has one for each time that its template was gone back to. */
  readonly numbers: readonly number[];
  /** In milliseconds since 1970. */
  readonly createdAt: number;
  /** Of its template, where it is ours. */
  readonly hash: string | undefined;
}

/** Kubernetes keeps ten of a Deployment where nobody asks for more. */
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
 * When hashes of ours were written, as far as the revisions say. A revision whose hash is that of the one
 * before changed something else. One that was gone back to does not say when: it counts with its own age, so
 * too early rather than too late.
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
