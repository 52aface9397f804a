import {
  isBehind,
  type PodsFollow,
  podTemplateOf,
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
import type { DefaultOptIns } from './default-opt-in.ts';
import { isBoundTo } from './hash/source-record.ts';
import { type HeldByWave, heldByWave } from './held-by-wave.ts';
import { type LostHash, lostHashOf } from './lost-hash.ts';
import { type OptIn, readOptIn } from './opt-in.ts';
import { isOurAnnotation } from './ownership/claims.ts';
import { withinBounds } from './ownership/record.ts';
import { isMounted, mentionsIn } from './references.ts';
import { isUndone, rolloutStrategyOf } from './restart-in-place.ts';
import { progressOf, progressSentence, rolloutBlockers } from './rollout-blockers.ts';
import { type RolloutFacts, rolloutFactsOf } from './rollout-policy/facts.ts';
import { parseHistory } from './rollout-policy/history.ts';
import { withReferenced } from './rollout-policy/under-way.ts';
import { hasNoPods, selectorText } from './rollout-state.ts';
import { type RunBy, type Runner, runByOf, runnerOf } from './template-user.ts';
import { type TemplateWriter, templateWriter } from './template-writer.ts';

/** Identifies the object that was listed. */
export interface ListedName extends WorkloadName {
  readonly uid: string;
  /** The version that was read. It is the precondition of the patch. */
  readonly resourceVersion: string;
}

/**
 * The data that a pass keeps about a workload: a few hundred bytes instead of the object, because a
 * cluster has thousands of them.
 */
export interface Workload extends ListedName {
  /**
   * The template user, whose Pods are made from this workload's template: see template-user.ts.
   * Absent if this workload has its own Pods.
   */
  readonly runBy?: RunBy;
  /**
   * Present if the workload has no Pods, and a workload that could not be read may use its
   * template.
   */
  readonly mayBeRunByOther?: true;
  /** Why the workload must be read again: see sketch.ts. Undefined if it is complete. */
  readonly isSketch?: 'it is large' | 'its page was large' | 'it has patterns' | undefined;
  readonly deleting: boolean;
  /** The current annotations of the template. */
  readonly template: {
    readonly hash: string | undefined;
    readonly sources: string | undefined;
    /** The last writer of the template, if the template has no hash: that client may have removed the hash. */
    readonly writer?: TemplateWriter;
  };
  /** When the controller replaces Pods after a change of the template. */
  readonly podsFollow: PodsFollow;
  /** Present if Pods do not run with the current template: the progress, and the reasons. */
  readonly behind?: PodsBehind;
  /** Present if the Pods of the workload cannot be scheduled because of upstream Wave. */
  readonly heldByWave?: HeldByWave;
  readonly configuration: Configuration;
  readonly ownership: {
    /** Whether the workload has our finalizer. */
    readonly finalizer: boolean;
    /**
     * The finalizers of other programs. Present if a patch of this kind replaces the complete list.
     */
    readonly otherFinalizers?: readonly string[];
    /** The text of the workload's annotation `/owned-sources`. */
    readonly record: string | undefined;
    /** Whether wave-cron wrote that annotation, according to managedFields. */
    readonly recordIsOurs: boolean;
    /** How many passes in a row put back removed owner references. */
    readonly putBack: number;
    /**
     * The sources of its own namespace in its template, if it has our finalizer but did not opt in
     * and has no record of ours.
     */
    readonly mentioned?: ReadonlySet<string>;
  };
  /** Whether the workload has the annotation `/adopted`, valid or not. */
  readonly hasAdopted: boolean;
  /** The record of the workload's adoption, if the record is valid for the current template. */
  readonly adopted: AdoptedRecord | undefined;
  /**
   * Whether the workload has the annotation `/rollout-history`, and the times in the annotation.
   */
  readonly hasHistory: boolean;
  readonly history: readonly number[] | undefined;
  /** The annotations and the status that the rollout policy needs. */
  readonly rollouts: RolloutFacts;
  /** Present if the spec was changed, and the history is missing or wave-cron did not write it. */
  readonly unrecorded?: Unrecorded;
  /** Whether the workload has the record of the last written hash. */
  readonly hasWritten: boolean;
  /**
   * Present if the record of adoption was for another pod template. The record then says with which
   * configuration the earlier Pods started, but nothing says what the current Pods run with.
   */
  readonly adoptionEnded?: true;
  /** Present if its Pods restart without a changed pod template. */
  readonly restartsInPlace?: true;
  /** Present if a changed configuration restarts the workload only if its Pods may be outdated. */
  readonly restart?: 'if-stale';
  /** How far apart the clocks of API servers may be. */
  readonly clockToleranceMs: number;
  /** Present if the Pods of the workload may have to be checked. */
  readonly rollout?: Rollout;
  /** The selector of the workload's Pods in the text form for lists. */
  readonly podSelector?: string;
  /** Present if neither the template nor the record of adoption proves that the hash is ours. */
  readonly adoptionFacts: AdoptionFacts | undefined;
}

/** The facts for counting the rollouts of a workload without a valid record of them. */
export interface Unrecorded {
  /** The number of changes of the workload's spec, by any client. */
  readonly changes: number;
  /** Whether the workload's template has a hash of ours, so there was a record. */
  readonly wasRecorded: boolean;
  /** The selector of the workload's Pods in the text form for lists. */
  readonly podSelector: string;
}

/** Why the Pods are not current although the template is. */
export interface PodsBehind {
  readonly progress: string;
  /** Sentences; empty while a rollout is in progress. */
  readonly blockers: readonly string[];
}

/** Facts for deciding about a workload whose template has no hash, or perhaps upstream Wave's. */
export interface AdoptionFacts {
  readonly adoption: AdoptionMode;
  /** Whether the workload's spec was ever changed. */
  readonly changedBefore: boolean;
  /** Present if wave-cron wrote a hash to the workload's template and another client removed it. */
  readonly lost?: LostHash;
  /** Whether the workload has no Pods, so no Pod can be outdated. */
  readonly podless: boolean;
  /** The references of the workload as upstream Wave sees them, if its hash may be Wave's. */
  readonly wave: readonly WaveReference[] | undefined;
}

/** The settings that matter for reading a workload. */
export interface WorkloadRules extends ReferenceRules {
  /** Opts in workloads without an annotation of their own. Absent: no such workload is opted in. */
  readonly defaultOptIn?: DefaultOptIns;
  /** Returns the template user of a workload: see template-user.ts. Absent: there are none. */
  readonly userOf?: (owner: WorkloadName) => Runner | 'unknown' | undefined;
  readonly adoption: AdoptionMode;
  /**
   * The current time, for detecting a controller that does not observe changes; absent: not
   * checked.
   */
  readonly now?: Date;
  /** Default: `always`. */
  readonly restart?: RestartMode;
  readonly clockToleranceMs?: number;
}

/**
 * Reduces a listed object to a Workload; undefined if it neither opted in nor has anything to
 * remove.
 *
 * @param object as the API returns it; the items of a list have no field `kind`
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
    annotations[keys.rolloutHistory] !== undefined ||
    annotations[keys.pendingConfig] !== undefined;
  return concerned ? read(kind, object, rules, optIn) : undefined;
}

/** The default of the setting `clockTolerance`. */
const usualToleranceMs = 10_000;

/** The length of a hash, ours or upstream Wave's. */
const hashLength = 64;

/** Like `readWorkload`, but returns a Workload for any object. */
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
  { annotations: keys, defaultOptIn }: WorkloadRules,
): OptIn {
  const ofTemplate = podTemplateOf(workloadEntry(kind), object).metadata?.annotations;
  const { annotations, namespace } = object.metadata ?? {};
  return readOptIn(annotations ?? {}, ofTemplate ?? {}, keys, defaultOptIn?.(namespace ?? ''));
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
  const user = rules.userOf?.({ kind, namespace, name: metadata.name ?? '' });
  const runner = runnerOf(kind, object, user === 'unknown' ? undefined : user);
  const mayBeRunByOther = user === 'unknown' && hasNoPods(kind, object);
  const ownership = ownershipOf(kind, metadata, template.spec ?? {}, optIn, keys);
  const templateAnnotations = template.metadata?.annotations ?? {};
  const carried = templateAnnotations[keys.configHash];
  // A longer text is not a hash and must not be copied into a record.
  const hash = (carried?.length ?? 0) > hashLength ? undefined : carried;
  const sources = templateAnnotations[keys.configSources];
  const record = parseAdopted(annotations[keys.adopted]);
  const restart = restartOf(annotations[keys.restart], rules.restart ?? 'always');
  const judged = restart === 'if-stale' || record?.podTemplate !== undefined;
  const mode = adoptionOf(annotations[keys.adoption], rules.adoption);
  const isFirst = !isBoundTo(sources, hash);
  const strategy = rolloutStrategyOf(kind, annotations, keys);
  const whyNotRestarted = workloadEntry(kind).whyNotRestarted?.(object);
  const configuration: Configuration =
    mode === undefined
      ? invalid(keys.adoption, annotations, 'stamp, if-changed or baseline')
      : restart === undefined
        ? invalid(keys.restart, annotations, 'always or if-stale')
        : typeof strategy === 'object'
          ? { kind: 'refused', reason: 'InvalidAnnotation', why: strategy.why }
          : optIn.kind === 'on' && whyNotRestarted !== undefined
            ? { kind: 'refused', reason: 'CannotRestart', why: whyNotRestarted }
            : configurationOf(optIn, template.spec ?? {}, namespace, annotations, rules);
  // A record that is valid for any template needs no digest of the template in each pass.
  const isRecorded = record?.template === (hash ?? '');
  const isNeeded = judged || (isFirst && !isRecorded) || mountsObjects(configuration);
  const rollout = isNeeded ? rolloutOf(kind, object, runner) : undefined;
  const binding = rollout && bindingOf(metadata.uid ?? '', rollout);
  const isBound = record?.podTemplate === undefined || record.podTemplate === binding;
  const holds = isRecorded && isBound && !isUndone(record ?? {}, object);
  const hasEnded = !holds && record?.podTemplate !== undefined;
  const adopted = holds || hasEnded ? record : undefined;
  // If the Pods restarted without a changed pod template, the hash is only in the record of adoption.
  const written = adopted?.restartAt === undefined ? (isFirst ? undefined : hash) : adopted.config;
  const writer = hash === undefined ? templateWriter(kind, metadata.managedFields) : undefined;
  const unrecorded = unrecordedOf(object, templateAnnotations, keys);
  const lost = hash === undefined ? lostHashOf(metadata, keys) : undefined;
  const behind = podsBehind(runner, rules);
  const held = heldByWave(annotations, template.spec ?? {});
  return {
    kind,
    namespace,
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    deleting: metadata.deletionTimestamp != null,
    template: { hash, sources, ...(writer === undefined ? {} : { writer }) },
    podsFollow: strategy === 'restart' ? 'at once' : followOf(runner),
    ...(user === undefined || user === 'unknown' ? {} : { runBy: runByOf(user) }),
    ...(mayBeRunByOther ? { mayBeRunByOther } : {}),
    ...(behind === undefined ? {} : { behind }),
    ...(held === undefined ? {} : { heldByWave: held }),
    ownership,
    hasAdopted,
    adopted,
    hasHistory: annotations[keys.rolloutHistory] !== undefined,
    history: parseHistory(annotations[keys.rolloutHistory]),
    rollouts: ofReferences(
      rolloutFactsOf(kind, object, written, keys, runner),
      configuration,
      namespace,
    ),
    ...(unrecorded === undefined ? {} : { unrecorded }),
    hasWritten: annotations[keys.writtenHash] !== undefined,
    ...(hasEnded ? { adoptionEnded: true } : {}),
    ...(strategy === 'restart' ? { restartsInPlace: true } : {}),
    ...(restart === 'if-stale' ? { restart } : {}),
    clockToleranceMs: rules.clockToleranceMs ?? usualToleranceMs,
    ...(rollout && { rollout, podSelector: selectorText(object.spec?.selector ?? {}) }),
    // Another tool that writes a hash does not remove our record.
    adoptionFacts:
      adopted !== undefined || !isFirst
        ? undefined
        : {
            adoption: mode ?? rules.adoption,
            changedBefore: (metadata.generation ?? 1) > 1,
            ...(lost === undefined ? {} : { lost }),
            podless: hasNoPods(runner.kind, runner.object) && !mayBeRunByOther,
            wave:
              hash === undefined || configuration.kind === 'refused'
                ? undefined
                : waveReferences(template.spec ?? {}, namespace, annotations, keys),
          },
    configuration,
  };
}

function followOf({ kind, object }: Runner): PodsFollow {
  return workloadEntry(kind).rollout.podsFollow(object);
}

function mountsObjects(configuration: Configuration): boolean {
  return configuration.kind === 'references' && configuration.references.some(isMounted);
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

/**
 * The number in the annotation `/owner-references-put-back`. Any client may have written it. An
 * invalid value counts as 1.
 */
function putBackTimes(value: string | undefined): number {
  if (value === undefined) return 0;
  return /^[1-9]$/.test(value) ? Number(value) : 1;
}

/** Undefined if the value of the annotation is invalid. */
function adoptionOf(value: string | undefined, setting: AdoptionMode): AdoptionMode | undefined {
  if (value === undefined) return setting;
  return value === 'stamp' || value === 'if-changed' || value === 'baseline' ? value : undefined;
}

function podsBehind(
  { kind, object }: Runner,
  { now = new Date(0) }: WorkloadRules,
): PodsBehind | undefined {
  const progress = progressOf(kind, object);
  const blockers = rolloutBlockers(kind, object, now).map(sentence);
  const unseen = progress === undefined && blockers.length > 0;
  if (!unseen && (progress === undefined || !isBehind(progress))) return undefined;
  return { progress: progressSentence(kind, progress), blockers };
}

/** Undefined if the value of the annotation is invalid. */
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

/** The facts about the sources that the workload references. The matches of patterns may be unknown. */
function ofReferences(
  facts: RolloutFacts,
  configuration: Configuration,
  namespace: string,
): RolloutFacts {
  const isKnown = configuration.kind === 'references' && configuration.patterns === undefined;
  if (facts.underWay === undefined || !isKnown) return facts;
  const underWay = withReferenced(facts.underWay, configuration.references, namespace);
  return { ...facts, underWay };
}
