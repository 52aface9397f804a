import { type AdoptedRecord, parseAdopted } from './adoption/record.ts';
import { type WaveReference, waveReferences } from './adoption/wave.ts';
import type { AnnotationNames } from './annotations.ts';
import { recordName } from './config-hash.ts';
import { type Configuration, configurationOf, type ReferenceRules } from './configuration.ts';
import { type HeldByWave, heldByWave } from './held-by-wave.ts';
import { type Wish, wishOf } from './opt-in.ts';
import { isOurAnnotation } from './ownership/claims.ts';
import { isOwnedName, withinBounds } from './ownership/record.ts';
import type { ObjectMeta, PodSpec, WorkloadObject } from './pod-spec.ts';
import { quote } from './quote.ts';
import { mentionsIn } from './references.ts';
import { isRollingOut, selectorText } from './rollout-state.ts';
import type { AdoptionMode } from './settings/schema.ts';
import { isBoundTo } from './source-record.ts';
import { type TemplateWriter, templateWriter } from './template-writer.ts';

export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';
export const workloadKinds: readonly WorkloadKind[] = ['Deployment', 'StatefulSet', 'DaemonSet'];

/** Names a workload. */
export interface WorkloadName {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

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
  /** Present where the rest is left out, and has to be read again: see sketch.ts. */
  readonly isSketch?: true;
  readonly deleting: boolean;
  /** What the template carries now. */
  readonly template: {
    readonly hash: string | undefined;
    readonly sources: string | undefined;
    /** Who wrote it last, where it has no hash: who that was may have taken it off. */
    readonly writer?: TemplateWriter;
  };
  /** Why a changed template starts no Pods by itself. */
  readonly podsFollow: 'at once' | 'when resumed' | 'when deleted';
  /** Present where upstream Wave keeps its Pods from being scheduled. */
  readonly heldByWave?: HeldByWave;
  readonly configuration: Configuration;
  readonly ownership: {
    /** Whether it carries our finalizer. */
    readonly finalizer: boolean;
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
  /** Present where neither its template nor its adoption says for certain that the hash is ours. */
  readonly firstSight: FirstSight | undefined;
}

/** What decides about a workload whose template carries no hash, or perhaps upstream Wave's. */
export interface FirstSight {
  readonly adoption: AdoptionMode;
  /** RFC 3339, whole seconds, UTC. */
  readonly createdAt: string;
  readonly rollingOut: boolean;
  /** Whether its spec has ever been changed. */
  readonly changedBefore: boolean;
  /** Of its Pods, as a list takes it. */
  readonly podSelector: string;
  /** Its sources as upstream Wave sees them, where the hash that it carries may be Wave's. */
  readonly wave: readonly WaveReference[] | undefined;
}

/** What reading a workload needs of the settings. */
export interface WorkloadRules extends ReferenceRules {
  readonly adoption: AdoptionMode;
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
  const { annotations: names } = rules;
  const annotations = object.metadata?.annotations ?? {};
  const wish = wishIn(object, rules);
  const concerned =
    wish.kind !== 'off' ||
    object.metadata?.finalizers?.includes(names.finalizer) === true ||
    annotations[names.ownedSources] !== undefined ||
    annotations[names.adopted] !== undefined;
  return concerned ? read(kind, object, rules, wish) : undefined;
}

/** Of a hash, ours or upstream Wave's. */
const hashLength = 64;

/** As `readWorkload`, also where the workload has nothing to do with wave-cron. */
export function readAnyWorkload(
  kind: WorkloadKind,
  object: WorkloadObject,
  rules: WorkloadRules,
): Workload {
  return read(kind, object, rules, wishIn(object, rules));
}

function wishIn({ metadata, spec }: WorkloadObject, { annotations: names }: WorkloadRules): Wish {
  return wishOf(metadata?.annotations ?? {}, spec?.template?.metadata?.annotations ?? {}, names);
}

function read(
  kind: WorkloadKind,
  object: WorkloadObject,
  rules: WorkloadRules,
  wish: Wish,
): Workload {
  const { annotations: names } = rules;
  const metadata = object.metadata ?? {};
  const annotations = metadata.annotations ?? {};
  const hasAdopted = annotations[names.adopted] !== undefined;
  const namespace = metadata.namespace ?? '';
  const template = object.spec?.template ?? {};
  const ownership = ownershipOf(metadata, template.spec ?? {}, wish, names);
  const templateAnnotations = template.metadata?.annotations ?? {};
  const carried = templateAnnotations[names.configHash];
  // What is longer is a hash of nobody's, and must not be copied into a record.
  const hash = (carried?.length ?? 0) > hashLength ? undefined : carried;
  const sources = templateAnnotations[names.configSources];
  const record = parseAdopted(annotations[names.adopted]);
  const adopted = record?.template === (hash ?? '') ? record : undefined;
  const writer = hash === undefined ? templateWriter(metadata.managedFields) : undefined;
  const held = heldByWave(annotations, template.spec ?? {});
  const mode = adoptionOf(annotations[names.adoption], rules.adoption);
  return {
    kind,
    namespace,
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    deleting: metadata.deletionTimestamp != null,
    template: { hash, sources, ...(writer === undefined ? {} : { writer }) },
    podsFollow: podsFollow(kind, object),
    ...(held === undefined ? {} : { heldByWave: held }),
    ownership,
    hasAdopted,
    adopted,
    // Whoever else writes the hash leaves our record beside it.
    firstSight:
      adopted !== undefined || isBoundTo(sources, hash)
        ? undefined
        : {
            adoption: mode ?? rules.adoption,
            createdAt: metadata.creationTimestamp ?? '',
            rollingOut: isRollingOut(kind, object),
            changedBefore: (metadata.generation ?? 1) > 1,
            podSelector: selectorText(object.spec?.selector ?? {}),
            wave:
              hash === undefined
                ? undefined
                : waveReferences(template.spec ?? {}, namespace, annotations, names),
          },
    configuration:
      mode === undefined
        ? {
            kind: 'refused',
            reason: 'InvalidAnnotation',
            why: `annotation ${names.adoption} is ${quote(annotations[names.adoption] ?? '')}: it must be stamp, if-changed or baseline`,
          }
        : configurationOf(wish, template.spec ?? {}, namespace, annotations, rules),
  };
}

function ownershipOf(
  { annotations, finalizers, managedFields, namespace }: ObjectMeta,
  spec: PodSpec,
  wish: Wish,
  names: AnnotationNames,
): Workload['ownership'] {
  const finalizer = finalizers?.includes(names.finalizer) === true;
  const record = annotations?.[names.ownedSources];
  const recordIsOurs = record !== undefined && isOurAnnotation(names.ownedSources, managedFields);
  const putBack = putBackTimes(annotations?.[names.putBack]);
  const carried = { finalizer, record, recordIsOurs, putBack };
  if (wish.kind !== 'off' || !finalizer || recordIsOurs) return carried;
  const mentioned = mentionsIn(spec, namespace ?? '')
    .map((each) => recordName({ ...each, namespace: '' }))
    .filter(isOwnedName);
  return { ...carried, mentioned: withinBounds(mentioned).fit };
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

function podsFollow(kind: WorkloadKind, { spec }: WorkloadObject): Workload['podsFollow'] {
  if (kind === 'Deployment') return spec?.paused === true ? 'when resumed' : 'at once';
  return spec?.updateStrategy?.type === 'OnDelete' ? 'when deleted' : 'at once';
}
