import {
  isBehind,
  type PodsFollow,
  podTemplateOf,
  progressInWords,
  type WorkloadKind,
  workloadEntry,
} from '../kubernetes/kinds.ts';
import { isOwnRecordName, recordName, type WorkloadName } from '../kubernetes/names.ts';
import type { ObjectMeta, PodSpec, WorkloadObject } from '../kubernetes/objects.ts';
import type { AdoptionMode, RestartMode } from '../settings/schema.ts';
import { sentence } from '../text/printable.ts';
import { quote } from '../text/quote.ts';
import { type AdoptedRecord, parseAdopted } from './adoption/record.ts';
import { bindingOf, type Rollout, rolloutOf } from './adoption/rollout.ts';
import { type WaveReference, waveReferences } from './adoption/wave.ts';
import type { AnnotationKeys } from './annotations.ts';
import { type Configuration, configurationOf, type ReferenceRules } from './configuration.ts';
import { isBoundTo } from './hash/source-record.ts';
import { type HeldByWave, heldByWave } from './held-by-wave.ts';
import { type LostHash, lostHashOf } from './lost-hash.ts';
import { type OptIn, readOptIn } from './opt-in.ts';
import { isOurAnnotation } from './ownership/claims.ts';
import { withinBounds } from './ownership/record.ts';
import { mentionsIn } from './references.ts';
import { progressOf, rolloutBlockers } from './rollout-blockers.ts';
import { parseHistory } from './rollout-policy/history.ts';
import { hasNoPods, selectorText } from './rollout-state.ts';
import { type TemplateWriter, templateWriter } from './template-writer.ts';

/** Names the very object that was listed. */
export interface ListedName extends WorkloadName {
  readonly uid: string;
  /** Of the object that was read: the precondition of the patch. */
  readonly resourceVersion: string;
}

/**
 * What a pass keeps of a workload: a few hundred bytes instead of the object, since a cluster has
 * thousands of them and the rest of the object is never needed again.
 */
export interface Workload extends ListedName {
  /** Why the rest is left out, and has to be read again: see sketch.ts. Undefined where it is all here. */
  readonly isSketch?: 'it is large' | 'its page was large' | undefined;
  readonly deleting: boolean;
  /** What the template carries now. */
  readonly template: {
    readonly hash: string | undefined;
    readonly sources: string | undefined;
    /** Who wrote it last, where it has no hash: who that was may have taken it off. */
    readonly writer?: TemplateWriter;
  };
  /** Why a changed template starts no Pods by itself. */
  readonly podsFollow: PodsFollow;
  /** Present if Pods do not run with the template as it is; a clause, and what keeps them from it. */
  readonly behind?: PodsBehind;
  /** Present where upstream Wave keeps its Pods from being scheduled. */
  readonly heldByWave?: HeldByWave;
  readonly configuration: Configuration;
  readonly ownership: {
    /** Whether it carries our finalizer. */
    readonly finalizer: boolean;
    /** Present if a patch of its kind names all of its finalizers or none. */
    readonly otherFinalizers?: readonly string[];
    /** Its annotation `/owned-sources`, as it stands. */
    readonly record: string | undefined;
    /** Whether we wrote that annotation, as far as managedFields say. */
    readonly recordIsOurs: boolean;
    /** How many passes in a row put back references that somebody had removed; 0: none did. */
    readonly putBack: number;
    /** The sources of its own namespace that its template names, where it carries our finalizer alone. */
    readonly mentioned?: ReadonlySet<string>;
  };
  /** Its annotation `/adopted`, whether or not it holds. */
  readonly hasAdopted: boolean;
  /** The record of its adoption, where that holds for the template as it is. */
  readonly adopted: AdoptedRecord | undefined;
  /** Its annotation `/rollout-history`: whether it is there, and the times that it says. */
  readonly hasHistory: boolean;
  readonly history: readonly number[] | undefined;
  /** Present where that annotation is not as we wrote it, and its spec was changed. */
  readonly unrecorded?: Unrecorded;
  /** Whether it has the record of the hash that was last written. */
  readonly hasWritten: boolean;
  /**
   * Present if that record was of another pod template: it says what its Pods had been started with, and
   * nothing, neither it nor the template, says what they run with now.
   */
  readonly adoptionEnded?: true;
  /** Present if a changed configuration restarts it only where its Pods may be older. */
  readonly restart?: 'if-stale';
  /** How far apart clocks of API servers may be. */
  readonly clockToleranceMs: number;
  /** Of its Pods, where they may have to be judged. */
  readonly rollout?: Rollout;
  /** Of its Pods, as a list takes it. */
  readonly podSelector?: string;
  /** Present where neither its template nor its adoption says for certain that the hash is ours. */
  readonly adoptionFacts: AdoptionFacts | undefined;
}

/** What is needed to find out how often a workload was rolled of which no record of ours says that. */
export interface Unrecorded {
  /** How often its spec was changed, by whomever. */
  readonly changes: number;
  /** Whether its template carries a hash of ours, so that there was a record. */
  readonly wasRecorded: boolean;
  /** Of its Pods, as a list takes it. */
  readonly podSelector: string;
}

/** Why a template that is current says nothing of its Pods. */
export interface PodsBehind {
  readonly progress: string;
  /** Sentences; none while a rollout goes on. */
  readonly blockers: readonly string[];
}

/** What decides about a workload whose template carries no hash, or perhaps upstream Wave's. */
export interface AdoptionFacts {
  readonly adoption: AdoptionMode;
  /** Whether its spec has ever been changed. */
  readonly changedBefore: boolean;
  /** Present if we wrote a hash to its template, which carries none now. */
  readonly lost?: LostHash;
  /** Whether no Pod of it runs: then none can be behind. */
  readonly podless: boolean;
  /** Its sources as upstream Wave sees them, where the hash that it carries may be Wave's. */
  readonly wave: readonly WaveReference[] | undefined;
}

/** What reading a workload needs of the settings. */
export interface WorkloadRules extends ReferenceRules {
  readonly adoption: AdoptionMode;
  /** By which it is judged how long a controller has not seen a change; absent: it is not. */
  readonly now?: Date;
  /** Absent: `always`. */
  readonly restart?: RestartMode;
  readonly clockToleranceMs?: number;
}

/**
 * Reduces a listed object to a Workload, or to undefined where it neither opted in nor carries
 * anything that is to be taken away.
 *
 * @param object as the API sends it; an item of a list carries no kind of its own
 */
export function readWorkload(
  kind: WorkloadKind,
  object: WorkloadObject,
  rules: WorkloadRules,
): Workload | undefined {
  const { annotations: keys } = rules;
  const annotations = object.metadata?.annotations ?? {};
  const optIn = optInIn(kind, object, rules);
  const concerned =
    optIn.kind !== 'off' ||
    object.metadata?.finalizers?.includes(keys.finalizer) === true ||
    annotations[keys.ownedSources] !== undefined ||
    annotations[keys.adopted] !== undefined ||
    annotations[keys.rolloutHistory] !== undefined;
  return concerned ? read(kind, object, rules, optIn) : undefined;
}

/** What holds if no setting says otherwise. */
const usualToleranceMs = 10_000;

/** Of a hash, ours or upstream Wave's. */
const hashLength = 64;

/** As `readWorkload`, also where the workload has nothing to do with wave-cron. */
export function readAnyWorkload(
  kind: WorkloadKind,
  object: WorkloadObject,
  rules: WorkloadRules,
): Workload {
  return read(kind, object, rules, optInIn(kind, object, rules));
}

function optInIn(
  kind: WorkloadKind,
  object: WorkloadObject,
  { annotations: keys }: WorkloadRules,
): OptIn {
  const ofTemplate = podTemplateOf(workloadEntry(kind), object).metadata?.annotations;
  return readOptIn(object.metadata?.annotations ?? {}, ofTemplate ?? {}, keys);
}

function read(
  kind: WorkloadKind,
  object: WorkloadObject,
  rules: WorkloadRules,
  optIn: OptIn,
): Workload {
  const { annotations: keys } = rules;
  const metadata = object.metadata ?? {};
  const annotations = metadata.annotations ?? {};
  const hasAdopted = annotations[keys.adopted] !== undefined;
  const namespace = metadata.namespace ?? '';
  const template = podTemplateOf(workloadEntry(kind), object);
  const ownership = ownershipOf(kind, metadata, template.spec ?? {}, optIn, keys);
  const templateAnnotations = template.metadata?.annotations ?? {};
  const carried = templateAnnotations[keys.configHash];
  // What is longer is a hash of nobody's, and must not be copied into a record.
  const hash = (carried?.length ?? 0) > hashLength ? undefined : carried;
  const sources = templateAnnotations[keys.configSources];
  const record = parseAdopted(annotations[keys.adopted]);
  const restart = restartOf(annotations[keys.restart], rules.restart ?? 'always');
  const judged = restart === 'if-stale' || record?.podTemplate !== undefined;
  const mode = adoptionOf(annotations[keys.adoption], rules.adoption);
  const isFirst = !isBoundTo(sources, hash);
  // One that holds for any template needs no digest of it, in each pass again.
  const isRecorded = record?.template === (hash ?? '');
  const rollout = judged || (isFirst && !isRecorded) ? rolloutOf(kind, object) : undefined;
  const binding = rollout && bindingOf(metadata.uid ?? '', rollout);
  const holds = isRecorded && (record?.podTemplate === undefined || record.podTemplate === binding);
  const hasEnded = !holds && record?.podTemplate !== undefined;
  const adopted = holds || hasEnded ? record : undefined;
  const writer = hash === undefined ? templateWriter(kind, metadata.managedFields) : undefined;
  const unrecorded = unrecordedOf(object, templateAnnotations, keys);
  const lost = hash === undefined ? lostHashOf(metadata, keys) : undefined;
  const behind = podsBehind(kind, object, rules);
  const held = heldByWave(annotations, template.spec ?? {});
  const configuration: Configuration =
    mode === undefined
      ? invalid(keys.adoption, annotations, 'stamp, if-changed or baseline')
      : restart === undefined
        ? invalid(keys.restart, annotations, 'always or if-stale')
        : configurationOf(optIn, template.spec ?? {}, namespace, annotations, rules);
  return {
    kind,
    namespace,
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    deleting: metadata.deletionTimestamp != null,
    template: { hash, sources, ...(writer === undefined ? {} : { writer }) },
    podsFollow: workloadEntry(kind).rollout.podsFollow(object.spec ?? {}),
    ...(behind === undefined ? {} : { behind }),
    ...(held === undefined ? {} : { heldByWave: held }),
    ownership,
    hasAdopted,
    adopted,
    hasHistory: annotations[keys.rolloutHistory] !== undefined,
    history: parseHistory(annotations[keys.rolloutHistory]),
    ...(unrecorded === undefined ? {} : { unrecorded }),
    hasWritten: annotations[keys.writtenHash] !== undefined,
    ...(hasEnded ? { adoptionEnded: true } : {}),
    ...(restart === 'if-stale' ? { restart } : {}),
    clockToleranceMs: rules.clockToleranceMs ?? usualToleranceMs,
    ...(rollout && { rollout, podSelector: selectorText(object.spec?.selector ?? {}) }),
    // Whoever else writes the hash leaves our record beside it.
    adoptionFacts:
      adopted !== undefined || !isFirst
        ? undefined
        : {
            adoption: mode ?? rules.adoption,
            changedBefore: (metadata.generation ?? 1) > 1,
            ...(lost === undefined ? {} : { lost }),
            podless: hasNoPods(kind, object),
            wave:
              hash === undefined || configuration.kind === 'refused'
                ? undefined
                : waveReferences(template.spec ?? {}, namespace, annotations, keys),
          },
    configuration,
  };
}

function ownershipOf(
  kind: WorkloadKind,
  { annotations, finalizers, managedFields, namespace }: ObjectMeta,
  spec: PodSpec,
  optIn: OptIn,
  keys: AnnotationKeys,
): Workload['ownership'] {
  const finalizer = finalizers?.includes(keys.finalizer) === true;
  const record = annotations?.[keys.ownedSources];
  const recordIsOurs = record !== undefined && isOurAnnotation(keys.ownedSources, managedFields);
  const putBack = putBackTimes(annotations?.[keys.putBack]);
  const replacesLists = workloadEntry(kind).patchType === 'application/merge-patch+json';
  const otherFinalizers = (finalizers ?? []).filter((each) => each !== keys.finalizer);
  const carried = {
    ...{ finalizer, record, recordIsOurs, putBack },
    ...(replacesLists ? { otherFinalizers } : {}),
  };
  if (optIn.kind !== 'off' || !finalizer || recordIsOurs) return carried;
  const mentioned = mentionsIn(spec, namespace ?? '')
    .map((each) => recordName({ ...each, namespace: '' }))
    .filter(isOwnRecordName);
  return { ...carried, mentioned: withinBounds(mentioned).fit };
}

function unrecordedOf(
  { metadata, spec }: WorkloadObject,
  annotations: Readonly<Record<string, string>>,
  { rolloutHistory, configHash, configSources }: AnnotationKeys,
): Unrecorded | undefined {
  const changes = (metadata?.generation ?? 1) - 1;
  const isRecorded =
    parseHistory(metadata?.annotations?.[rolloutHistory]) !== undefined &&
    isOurAnnotation(rolloutHistory, metadata?.managedFields);
  if (changes === 0 || isRecorded) return undefined;
  const wasRecorded = isBoundTo(annotations[configSources], annotations[configHash]);
  return { changes, wasRecorded, podSelector: selectorText(spec?.selector ?? {}) };
}

/** Anybody may have written it: what is no count counts as one. */
function putBackTimes(value: string | undefined): number {
  if (value === undefined) return 0;
  return /^[1-9]$/.test(value) ? Number(value) : 1;
}

/** Undefined where the annotation says something that means nothing. */
function adoptionOf(value: string | undefined, setting: AdoptionMode): AdoptionMode | undefined {
  if (value === undefined) return setting;
  return value === 'stamp' || value === 'if-changed' || value === 'baseline' ? value : undefined;
}

function podsBehind(
  kind: WorkloadKind,
  object: WorkloadObject,
  { now = new Date(0) }: WorkloadRules,
): PodsBehind | undefined {
  const progress = progressOf(kind, object);
  const blockers = rolloutBlockers(kind, object, now).map(sentence);
  const unseen = progress === undefined && blockers.length > 0;
  if (!unseen && (progress === undefined || !isBehind(progress))) return undefined;
  return { progress: progressInWords(progress), blockers };
}

/** Undefined if the annotation has a value that means nothing. */
function restartOf(value: string | undefined, setting: RestartMode): RestartMode | undefined {
  if (value === undefined) return setting;
  return value === 'always' || value === 'if-stale' ? value : undefined;
}

function invalid(
  name: string,
  annotations: Readonly<Record<string, string>>,
  values: string,
): Configuration {
  return {
    kind: 'refused',
    reason: 'InvalidAnnotation',
    why: `annotation ${name} is ${quote(annotations[name] ?? '')}: it must be ${values}`,
  };
}
