import { isObjectName, kindAndName, recordName } from '../kubernetes/names.ts';
import { matchRecordedHash } from '../rules/hash/recorded-hash.ts';
import {
  areComparable,
  compareRecords,
  type Difference,
  type SourceRecord,
} from '../rules/hash/source-record.ts';
import type { Mounted } from '../rules/mounted.ts';
import type { Readings } from '../rules/reading.ts';
import { countsIfAbsent, joinMentions, type Reference, sourceKey } from '../rules/references.ts';
import { resolve } from '../rules/resolve.ts';
import type { SourcesSeen } from '../rules/sources-seen.ts';
import type { Workload } from '../rules/workload.ts';
import { quote } from '../text/quote.ts';
import { shortList } from '../text/short-list.ts';
import type { ExplainedHash, ExplainedReference, ReferenceState } from './explanation.ts';
import type { AnnotatedMention } from './mentions.ts';

export interface SourcesInput {
  readonly workload: Pick<Workload, 'namespace' | 'template' | 'adopted'> &
    Partial<Pick<Workload, 'adoptionEnded'>>;
  readonly mentions: readonly AnnotatedMention[];
  /** The effective references that were read. */
  readonly references: readonly Reference[];
  readonly seen: SourcesSeen;
  /** Whether the hash key could be read. Without it, only records without a key are compared. */
  readonly keysKnown: boolean;
  /** The annotations on a source that exclude the source. */
  readonly ignoreAnnotations: readonly string[];
}

export interface ExplainedSources {
  readonly hash: ExplainedHash;
  readonly references: readonly ExplainedReference[];
  /** The causes that prevent the Pods from starting, as sentences. */
  readonly missing: readonly string[];
}

/** Explains the reading of each source, and its differences from the record. Pure. */
export function explainSources(input: SourcesInput): ExplainedSources {
  const { workload, mentions, references, keysKnown } = input;
  const { readings } = input.seen;
  const { namespace, template } = workload;
  const label = (source: Reference) => labelOf(source, namespace);
  const { missing, unreadable } = resolve({ namespace }, references, readings);
  const {
    now: written,
    recorded,
    like,
    same: isOurs,
  } = matchRecordedHash(workload, input.seen.hashes);
  const isWaves = !isOurs && input.seen.carriesHashOfWave;
  const same = isOurs || isWaves;
  // If Wave wrote its hash after the record was made, the record does not describe the current
  // Pods.
  const record = isWaves ? nothingRecorded : recorded.record;
  const now = new Map(like.sources);
  const unknown = new Set<string>();
  for (const reference of references) {
    const { state } = readings.get(sourceKey(reference)) ?? {};
    const counts =
      isObjectName(reference.name) && (reference.required || countsIfAbsent(reference));
    if (state === 'absent' && counts) now.set(label(reference), '-');
    if (state === 'unreadable') unknown.add(label(reference));
  }
  const counted = new Set(references.map(sourceKey));
  const all = joinMentions(mentions);
  for (const mentioned of all) {
    const ignored = mentions.some(
      (each) => each.ignoredBy !== undefined && sourceKey(each) === sourceKey(mentioned),
    );
    // A pass does not process a workload with a denied source, so it is unknown whether that source
    // changed.
    if (!counted.has(sourceKey(mentioned)) && !ignored) unknown.add(label(mentioned));
  }
  const known = new Map([...record.sources].filter(([source]) => !unknown.has(source)));
  const whole = missing.length + unreadable.length === 0;
  const differences = same
    ? []
    : compareRecords({ ...record, sources: known }, { ...like, sources: now }, whole);
  // New digests are shown only as a pass would write them. From a digest without the key, short
  // values could be guessed.
  const shown = keysKnown ? written : undefined;
  const digest = (source: string): string | null => {
    const digest = now.get(source) ?? null;
    if (digest === '-') return digest;
    const isRecorded = areComparable(record, like) && digest === record.sources.get(source);
    return isRecorded ? digest : ((digest && shown?.sources.get(source)) ?? null);
  };
  return {
    missing,
    hash: {
      recordedOn: recorded.hash === undefined ? null : recorded.on,
      recorded: recorded.hash ?? null,
      template: template.hash ?? null,
      now: whole ? ((isOurs ? like : shown)?.hash ?? null) : null,
      differences,
    },
    references: all
      .map((reference) => explain(reference, input, { counted, record, digest, differences }))
      .sort((a, b) => (a.source < b.source ? -1 : 1)),
  };
}

const nothingRecorded: SourceRecord = { keyId: undefined, sources: new Map() };

function labelOf({ kind, namespace, name }: Reference, own: string): string {
  // A source with an impossible name is never recorded.
  if (!isObjectName(name)) return kindAndName({ kind, name: quote(name) });
  return recordName({ kind, namespace: namespace === own ? '' : namespace, name });
}

function explain(
  mentioned: Reference,
  { workload, mentions, references, seen: { readings }, ignoreAnnotations }: SourcesInput,
  {
    counted,
    record,
    digest,
    differences,
  }: {
    readonly counted: ReadonlySet<string>;
    readonly record: SourceRecord;
    /** The current digest, if it may be shown. */
    readonly digest: (source: string) => string | null;
    readonly differences: readonly Difference[];
  },
): ExplainedReference {
  const { namespace } = workload;
  const key = sourceKey(mentioned);
  const source = labelOf(mentioned, namespace);
  const places = mentions.filter((each) => sourceKey(each) === key);
  const reference = references.find((each) => sourceKey(each) === key) ?? mentioned;
  const reading = readings.get(key);
  const ignoredBy = places.find((each) => each.ignoredBy !== undefined)?.ignoredBy;
  const { state, sentence } = counted.has(key)
    ? stateOf(reference, reading, ignoreAnnotations)
    : notCounted(mentioned, namespace, ignoredBy);
  return {
    source,
    kind: mentioned.kind,
    namespace: mentioned.namespace,
    name: mentioned.name,
    keys: reference.keys === 'all' ? 'all' : [...reference.keys].sort(),
    required: reference.required,
    places: [...new Set(places.map(({ place }) => place))],
    state,
    sentence,
    writtenAt: (reading?.state === 'present' ? reading.writtenAt : undefined) ?? null,
    recorded: record.sources.get(source) ?? null,
    now: digest(source),
    change: differences.find((each) => each.source === source)?.how ?? null,
  };
}

interface State {
  readonly state: ReferenceState;
  readonly sentence: string;
}

function stateOf(
  { name, keys, required, requiredKeys, ifMatched }: Reference,
  reading: ReturnType<Readings['get']>,
  ignoreAnnotations: readonly string[],
): State {
  if (reading === undefined || reading.state === 'unreadable') {
    return { state: 'unreadable', sentence: reading?.why ?? 'it was not read' };
  }
  if (reading.state === 'absent') {
    return {
      state: 'absent',
      sentence: `${isObjectName(name) ? '' : 'it cannot exist, because Kubernetes does not allow this name; '}${required ? 'the Pods cannot start without it' : 'the Pods start without it'}`,
    };
  }
  if (reading.ignored) {
    return {
      state: 'ignored',
      sentence: reading.unselected
        ? 'its labels do not match the setting sourceSelector'
        : ifMatched && !reading.matched
          ? 'the workload uses only sources with the annotation reloader.stakater.com/match: "true", and this one does not have it'
          : `its own annotation ${ignoreAnnotations.join(' or ')} excludes it`,
    };
  }
  const absent = (all: ReadonlySet<string>) =>
    [...all].filter((key) => reading.absentKeys.has(key));
  const missing = absent(requiredKeys);
  if (missing.length > 0) {
    return {
      state: 'keyAbsent',
      sentence: `it has no key ${inQuotes(missing)}, and the Pods cannot start without it`,
    };
  }
  const optional = keys === 'all' ? [] : absent(keys);
  const notes = [
    ...(optional.length > 0 ? [`it has no key ${inQuotes(optional)}, which is optional`] : []),
    ...(reading.deleting ? ['it is being deleted'] : []),
    ...mountNotes(reading.mounted),
  ];
  return { state: 'present', sentence: notes.join('; ') };
}

function mountNotes(mounted: Mounted | undefined): string[] {
  switch (mounted?.state) {
    case undefined:
      return [];
    case 'agreed':
      return mounted.rotatedIn === undefined
        ? ['its Pods have the same objects as at their start']
        : [
            `its Pods have the same objects, which are others than at the start of Pod ${mounted.rotatedIn}`,
          ];
    case 'different':
      return [`Pods ${mounted.pods.join(' and ')} have different objects`];
    case 'unknown':
    case 'unreadable':
      return [`it is not known which objects its Pods have: ${mounted.why}`];
  }
}

function notCounted({ namespace }: Reference, own: string, ignoredBy: string | undefined): State {
  if (ignoredBy !== undefined) {
    return { state: 'ignored', sentence: `annotation ${ignoredBy} excludes it` };
  }
  if (namespace !== own) {
    return {
      state: 'denied',
      sentence: `setting crossNamespaceReferences does not allow namespace ${namespace}`,
    };
  }
  return { state: 'ignored', sentence: 'the annotations that opt the workload in exclude it' };
}

function inQuotes(keys: readonly string[]): string {
  return shortList(keys.map(quote));
}
