import { isDeepStrictEqual } from 'node:util';
import {
  isObserved,
  labelsOfControllers,
  podTemplateOf,
  revisionKind,
  type WorkloadKind,
  workloadEntry,
} from '../kubernetes/kinds.ts';
import type { RevisionObject, WorkloadObject } from '../kubernetes/objects.ts';
import type { AnnotationKeys } from '../rules/annotations.ts';
import {
  areComparable,
  compareRecords,
  type Difference,
  parseSourceRecord,
  type SourceRecord,
} from '../rules/hash/source-record.ts';

/**
 * The revisions that Kubernetes keeps of a workload. Each contains an earlier pod template with the
 * record of its configuration, so they show what changed when, without any state of wave-cron.
 */

export interface Revision {
  readonly revision: number;
  /** The name of the ReplicaSet or ControllerRevision. */
  readonly name: string;
  /** RFC 3339; when its template was first used. */
  readonly createdAt: string | null;
  /** Whether the workload was rolled back to this revision. The time of the rollback is unknown. */
  readonly rolledBack: boolean;
  readonly current: boolean;
  readonly configHash: string | null;
  /** The sources that differ from the previous revision. */
  readonly changed: readonly Difference[];
  /** A phrase for the changes since the previous revision. */
  readonly what: string;
}

/**
 * The revisions, newest first.
 *
 * @param current name of the revision with the current template; undefined if there is none
 */
export function revisionsOf(
  kind: WorkloadKind,
  objects: readonly RevisionObject[],
  keys: AnnotationKeys,
  current: string | undefined,
): Revision[] {
  const kept = objects
    .map((object) => read(kind, object, keys))
    .sort((a, b) => a.revision - b.revision);
  return kept
    .map((each, i): Revision => {
      const before = kept[i - 1];
      const { revision, name, createdAt, hash } = each;
      const earlier = kept.slice(0, i);
      return {
        revision,
        name,
        createdAt: createdAt ?? null,
        // A rollback gives the old object the next number, and its creation time stays.
        rolledBack:
          each.hadOtherNumber || earlier.some((one) => (one.createdAt ?? '') > (createdAt ?? '')),
        current: name === current,
        configHash: hash ?? null,
        changed:
          before === undefined
            ? []
            : compareRecords(before.record, each.record, before.hash !== each.hash),
        what: before === undefined ? oldest(each) : changeInWords(before, each),
      };
    })
    .reverse();
}

interface Kept {
  readonly revision: number;
  readonly name: string;
  readonly createdAt: string | undefined;
  /**
   * Whether the controller recorded an earlier number of this revision. Only the controller of
   * Deployments records earlier numbers.
   */
  readonly hadOtherNumber: boolean;
  readonly hash: string | undefined;
  readonly record: SourceRecord;
  readonly restartedAt: string | undefined;
  /** The template without the parts that are reported separately. */
  readonly rest: unknown;
}

const restartAnnotation = 'kubectl.kubernetes.io/restartedAt';
function read(kind: WorkloadKind, object: RevisionObject, keys: AnnotationKeys): Kept {
  const { metadata } = object;
  const revisions = revisionKind(kind);
  const template = revisions.template(object);
  const annotations = template.metadata?.annotations ?? {};
  const own = [keys.configHash, keys.configSources, restartAnnotation];
  return {
    revision: revisions.number(object),
    name: metadata?.name ?? '',
    createdAt: metadata?.creationTimestamp ?? undefined,
    hadOtherNumber: revisions.earlierNumbers(object) !== undefined,
    hash: annotations[keys.configHash],
    record: parseSourceRecord(annotations[keys.configSources], annotations[keys.configHash]),
    restartedAt: annotations[restartAnnotation],
    rest: [
      without(annotations, own),
      without(template.metadata?.labels ?? {}, labelsOfControllers),
      template.spec,
    ],
  };
}

function without(
  map: Readonly<Record<string, string>>,
  keys: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}

function oldest({ revision, hash }: Kept): string {
  const which = revision === 1 ? 'the first' : 'the oldest that is kept';
  return hash === undefined ? `${which}, without a hash` : which;
}

function changeInWords(before: Kept, now: Kept): string {
  const parts = [configurationInWords(before, now)];
  const restarted = now.restartedAt !== undefined && now.restartedAt !== before.restartedAt;
  if (restarted) parts.push('restarted by kubectl rollout restart');
  if (!isDeepStrictEqual(before.rest, now.rest)) {
    parts.push('other changes of the template');
  }
  const known = parts.filter((part) => part !== '');
  return known.length > 0 ? known.join('; ') : 'no visible change';
}

function configurationInWords(before: Kept, now: Kept): string {
  if (before.hash === now.hash) return '';
  if (now.hash === undefined) return 'the hash was removed';
  if (before.hash === undefined) return 'the hash was first written';
  const differences = compareRecords(before.record, now.record, before.hash !== now.hash);
  const some = differences.length > 0;
  const known = some
    ? differences.map(({ source, how }) => `${source} ${how}`).join(', ')
    : 'the configuration changed';
  if (before.record.sources.size > 0 && !areComparable(before.record, now.record)) {
    return `${known} (the hash key changed too, so it is unknown which values changed)`;
  }
  return some ? known : `${known} (the previous template has no record of its sources)`;
}

/**
 * Name of the revision with the current template. Undefined if its controller has not created one:
 * it has not observed the change, or the Deployment is paused.
 */
export function currentRevision(
  kind: WorkloadKind,
  object: WorkloadObject,
  objects: readonly RevisionObject[],
  { configHash }: AnnotationKeys,
): string | undefined {
  const { status } = object;
  const entry = workloadEntry(kind);
  const { number, template, isNamedByStatus } = revisionKind(kind);
  if (!isObserved(object)) return undefined;
  const newest = objects.reduce<RevisionObject | undefined>(
    (best, each) => (best === undefined || number(each) > number(best) ? each : best),
    undefined,
  );
  const current = isNamedByStatus
    ? objects.find((each) => each.metadata?.name === status?.updateRevision)
    : newest;
  const hash = podTemplateOf(entry, object).metadata?.annotations?.[configHash];
  const same = template(current ?? {}).metadata?.annotations?.[configHash] === hash;
  return same ? (current?.metadata?.name ?? undefined) : undefined;
}
