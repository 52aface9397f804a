import { isDeepStrictEqual } from 'node:util';
import type { ObjectMeta, ReplicaSetObject, WorkloadObject } from '../kubernetes/objects.ts';
import type { AnnotationKeys } from '../rules/annotations.ts';
import {
  areComparable,
  compareRecords,
  type Difference,
  parseSourceRecord,
  type SourceRecord,
} from '../rules/hash/source-record.ts';
import type { WorkloadKind } from '../rules/workload.ts';

/**
 * The revisions that Kubernetes keeps of a workload. Each has the pod template of its time, and on
 * it the record of its configuration: so they tell what changed when, with no memory of ours.
 */

/** A ReplicaSet, or a ControllerRevision. */
export interface RevisionObject {
  readonly metadata?: ObjectMeta | null;
  /** Of a ControllerRevision. */
  readonly revision?: number | null;
  /** Of a ReplicaSet. */
  readonly spec?: ReplicaSetObject['spec'];
  /** Of a ControllerRevision. */
  readonly data?: { readonly spec?: { readonly template?: Template | null } | null } | null;
}

interface Template {
  readonly metadata?: ObjectMeta | null | undefined;
  readonly spec?: unknown;
}

export interface Revision {
  readonly revision: number;
  /** Of the ReplicaSet or ControllerRevision. */
  readonly name: string;
  /** RFC 3339; when its template was first used. */
  readonly createdAt: string | null;
  /** It is an earlier template that was gone back to; when, is not kept. */
  readonly rolledBack: boolean;
  readonly current: boolean;
  readonly configHash: string | null;
  /** The sources that differ from those of the revision before. */
  readonly changed: readonly Difference[];
  /** What changed against the revision before, in words. */
  readonly what: string;
}

/**
 * Newest first.
 *
 * @param current name of the one that the template now is; undefined where none is
 */
export function revisionsOf(
  objects: readonly RevisionObject[],
  keys: AnnotationKeys,
  current: string | undefined,
): Revision[] {
  const kept = objects.map((object) => read(object, keys)).sort((a, b) => a.revision - b.revision);
  return kept
    .map((each, i): Revision => {
      const before = kept[i - 1];
      const { revision, name, createdAt, hash } = each;
      const earlier = kept.slice(0, i);
      return {
        revision,
        name,
        createdAt: createdAt ?? null,
        // Going back gives the old object the next number, and leaves its age.
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
  /** As far as its controller notes that: the one of Deployments does. */
  readonly hadOtherNumber: boolean;
  readonly hash: string | undefined;
  readonly record: SourceRecord;
  readonly restartedAt: string | undefined;
  /** The template without what is told apart from it. */
  readonly rest: unknown;
}

const revisionAnnotation = 'deployment.kubernetes.io/revision';
const earlierRevisionsAnnotation = 'deployment.kubernetes.io/revision-history';
const restartAnnotation = 'kubectl.kubernetes.io/restartedAt';
const addedByController = 'pod-template-hash';

export function templateOf({ spec, data }: RevisionObject): Template {
  return spec?.template ?? data?.spec?.template ?? {};
}

export function numberOf({ metadata, revision }: RevisionObject): number {
  return revision ?? Number(metadata?.annotations?.[revisionAnnotation] ?? 0);
}

function read(object: RevisionObject, keys: AnnotationKeys): Kept {
  const { metadata } = object;
  const template = templateOf(object);
  const annotations = template.metadata?.annotations ?? {};
  const own = [keys.configHash, keys.configSources, restartAnnotation];
  return {
    revision: numberOf(object),
    name: metadata?.name ?? '',
    createdAt: metadata?.creationTimestamp ?? undefined,
    hadOtherNumber: metadata?.annotations?.[earlierRevisionsAnnotation] !== undefined,
    hash: annotations[keys.configHash],
    record: parseSourceRecord(annotations[keys.configSources], annotations[keys.configHash]),
    restartedAt: annotations[restartAnnotation],
    rest: [
      without(annotations, own),
      without(template.metadata?.labels ?? {}, [addedByController]),
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
 * Name of the revision that has the template as it is now. Undefined where its controller has not
 * made one yet: it has not seen the change, or the Deployment is paused.
 */
export function currentRevision(
  kind: WorkloadKind,
  { metadata, spec, status }: WorkloadObject,
  objects: readonly RevisionObject[],
  { configHash }: AnnotationKeys,
): string | undefined {
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return undefined;
  const newest = objects.reduce<RevisionObject | undefined>(
    (best, each) => (best === undefined || numberOf(each) > numberOf(best) ? each : best),
    undefined,
  );
  const current =
    kind === 'StatefulSet'
      ? objects.find((each) => each.metadata?.name === status?.updateRevision)
      : newest;
  const hash = spec?.template?.metadata?.annotations?.[configHash];
  const same = templateOf(current ?? {}).metadata?.annotations?.[configHash] === hash;
  return same ? (current?.metadata?.name ?? undefined) : undefined;
}
