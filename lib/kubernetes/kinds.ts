/**
 * The kinds that wave-cron supports, each with everything that is specific to it. A new kind is
 * added only here: paths, permissions, settings, arguments, annotations, patches, records and
 * messages follow from its entry.
 */

import { argoRollout } from './kinds/argo-rollout.ts';
import { builtIn } from './kinds/built-in.ts';
import {
  type CustomKind,
  type CustomKindFacts,
  isCustomKind,
  partsOf,
  usualPlural,
} from './kinds/custom-kind.ts';
import { deploymentConfig } from './kinds/deployment-config.ts';
import type {
  ApiResource,
  RevisionKind,
  SourceKindEntry,
  WorkloadKindEntry,
} from './kinds/entry.ts';
import { knativeService } from './kinds/knative-service.ts';
import { advancedStatefulSet, cloneSet } from './kinds/open-kruise.ts';
import { secretProviderClass } from './kinds/secrets-store.ts';
import { unknownPods, unknownRollout } from './kinds/unknown-kind.ts';
import type { OwnerReference, WorkloadObject } from './objects.ts';

export {
  type CustomKind,
  customKindPattern,
  isCustomKind,
  longestCustomKind,
} from './kinds/custom-kind.ts';
export type {
  ApiResource,
  RevisionKind,
  SourceKindEntry,
  WorkloadKindEntry,
} from './kinds/entry.ts';
export {
  labelsOfControllers,
  podTemplateOf,
  podTemplatePatch,
  writesPodTemplate,
} from './kinds/pod-template.ts';
export {
  healthy,
  isBehind,
  isDeadlineExceeded,
  isObserved,
  type NewestTemplate,
  type PodRevision,
  type PodsFollow,
  type Progress,
  progressInWords,
  type RolloutState,
} from './kinds/rollout.ts';
export {
  classAttribute,
  driverTitle,
  mountStatus,
  secretProviderClass,
  secretsStoreDriver,
} from './kinds/secrets-store.ts';

const core = { group: '', version: 'v1' } as const;

/** The kinds of other APIs that have an entry of their own. */
const known: readonly CustomKindFacts[] = [
  argoRollout,
  cloneSet,
  advancedStatefulSet,
  deploymentConfig,
  knativeService,
];

const sources = {
  ConfigMap: {
    ...core,
    plural: 'configmaps',
    isConfidential: false,
    base64Of: (value) => Buffer.from(value, 'utf8').toString('base64'),
    selectors: {
      env: ({ configMapKeyRef }) => configMapKeyRef,
      envFrom: ({ configMapRef }) => configMapRef,
      volume: ({ configMap }) => configMap,
      projected: ({ configMap }) => configMap,
    },
    waveMember: 'configMaps',
  },
  Secret: {
    ...core,
    plural: 'secrets',
    isConfidential: true,
    base64Of: (value) => value,
    selectors: {
      env: ({ secretKeyRef }) => secretKeyRef,
      envFrom: ({ secretRef }) => secretRef,
      volume: ({ secret }) => secret && { ...secret, name: secret.secretName },
      projected: ({ secret }) => secret,
    },
    waveMember: 'secrets',
  },
} as const satisfies Readonly<Record<string, SourceKindEntry>>;

export type BuiltInKind = keyof typeof builtIn;
/** Identifies a workload kind in settings, records, reports and messages. */
export type WorkloadKind = BuiltInKind | CustomKind;
/** The kinds that contain the data of workloads. */
export type SourceKind = keyof typeof sources;
/**
 * The kinds that the configuration of a workload can contain. A SecretProviderClass contains no data.
 * So it never gets owner references, and annotations cannot add one that the Pods do not mount.
 */
export type ReferencedKind = SourceKind | typeof secretProviderClass.kind;

// The type of Object.keys does not keep the keys.
export const builtInKinds = Object.keys(builtIn) as readonly string[] as readonly BuiltInKind[];
export const sourceKinds = Object.keys(sources) as readonly string[] as readonly SourceKind[];
export const referencedKinds: readonly ReferencedKind[] = [
  ...sourceKinds,
  secretProviderClass.kind,
];

/** The kinds of other APIs that have an entry of their own, without their version. */
export const knownKinds: readonly Pick<CustomKindFacts, 'kind' | 'group' | 'plural'>[] = known;

/** The default workload kinds, and the kinds in `more`. */
export function withDefaultKinds(more: readonly WorkloadKind[]): readonly WorkloadKind[] {
  return [
    ...builtInKinds.filter((kind) => builtIn[kind].isDefault || more.includes(kind)),
    ...more.filter(isCustomKind),
  ];
}

function isBuiltIn(kind: string): kind is BuiltInKind {
  return Object.hasOwn(builtIn, kind);
}

/** The workload kind with this name; undefined if the text is not one. */
export function workloadKindOf(text: unknown): WorkloadKind | undefined {
  if (typeof text !== 'string') return undefined;
  return isBuiltIn(text) || isCustomKind(text) ? text : undefined;
}

/** A cache of entries. It stays small, because only settings and arguments name such kinds. */
const customEntries = new Map<CustomKind, WorkloadKindEntry>();

/**
 * The entry of a kind. If a kind has no entry of its own, its plural is the regular plural: see
 * kind-resources.ts.
 */
export function workloadEntry(kind: WorkloadKind): WorkloadKindEntry {
  if (isBuiltIn(kind)) return builtIn[kind];
  const found = customEntries.get(kind) ?? customEntry(kind);
  customEntries.set(kind, found);
  return found;
}

function customEntry(name: CustomKind): WorkloadKindEntry {
  const { kind, version, group } = partsOf(name);
  const facts = known.find((each) => each.kind === kind && each.group === group) ?? {
    ...{ kind, group, plural: usualPlural(kind), shortNames: [] },
    ...{ revisions: undefined, rollout: unknownRollout, pods: unknownPods },
  };
  const podTemplatePath = ['spec', 'template'];
  return {
    ...facts,
    ...{ version, isDefault: false, podTemplatePath },
    patchType: 'application/merge-patch+json',
    whyNotRestarted: (object) => facts.whyNotRestarted?.(object) ?? withoutTemplate(object),
  };
}

function withoutTemplate({ spec }: WorkloadObject): string | undefined {
  return spec?.template == null
    ? 'it has no pod template at spec.template: remove its annotation, or its kind from the setting kinds'
    : undefined;
}

/** @throws Error if the kind has no revisions */
export function revisionKind(kind: WorkloadKind): RevisionKind {
  const { revisions } = workloadEntry(kind);
  if (revisions === undefined) throw new Error(`${kind} has no revisions`);
  return revisions;
}

export function sourceEntry(kind: SourceKind): SourceKindEntry {
  return sources[kind];
}

export function isSourceKind(kind: ReferencedKind): kind is SourceKind {
  return Object.hasOwn(sources, kind);
}

/** The API resource of a kind, and whether the content of its objects is confidential. */
export function referencedResource(
  kind: ReferencedKind,
): ApiResource & Pick<SourceKindEntry, 'isConfidential'> {
  return isSourceKind(kind) ? sources[kind] : { ...secretProviderClass, isConfidential: false };
}

/** Calls `make` for each kind that a configuration can contain, and returns the results by kind. */
export function perReferencedKind<T>(
  make: (kind: ReferencedKind) => T,
): Readonly<Record<ReferencedKind, T>> {
  const made = referencedKinds.map((kind) => [kind, make(kind)] as const);
  return Object.fromEntries(made) as Readonly<Record<ReferencedKind, T>>;
}

/** The `apiVersion` of an object of the kind: `apps/v1`. */
export function apiVersionOf({ group, version }: Pick<WorkloadKindEntry, 'group' | 'version'>) {
  return group === '' ? version : `${group}/${version}`;
}

/** Whether an owner reference names a workload of a built-in kind, in any version of its group. */
export function isBuiltInReference({ apiVersion, kind }: OwnerReference): boolean {
  if (kind == null || !isBuiltIn(kind)) return false;
  return apiVersion?.startsWith(`${builtIn[kind].group}/`) === true;
}

/**
 * The kind of the owner in an owner reference; undefined if it cannot be the kind of a workload. The reference
 * may name another version than the settings.
 */
export function referencedKind(reference: OwnerReference): WorkloadKind | undefined {
  const { apiVersion, kind } = reference;
  if (isBuiltInReference(reference)) return workloadKindOf(kind);
  const [group, version] = apiVersion?.split('/') ?? [];
  const text = `${kind}.${version}.${group}`;
  return isCustomKind(text) ? text : undefined;
}

/** Whether both kinds are the same kind, in any version of its group. */
export function isSameKind(a: WorkloadKind, b: WorkloadKind): boolean {
  const [one, other] = [workloadEntry(a), workloadEntry(b)];
  return one.kind === other.kind && one.group === other.group;
}

/** The kinds of the objects of an installation of wave-cron, in addition to the workload kinds. */
export const deployment = builtIn.Deployment;
export const configMap = { kind: 'ConfigMap', ...sources.ConfigMap } as const;
export const secret = { kind: 'Secret', ...sources.Secret } as const;

/** `ConfigMap or Secret`. */
export const anySource = listed(sourceKinds, 'or');
/** `ConfigMaps and Secrets`. */
export const allSources = listed(
  sourceKinds.map((kind) => `${kind}s`),
  'and',
);
/** The source kinds with their names in RBAC: `configmaps and secrets`. */
export const sourceResources = listed(
  sourceKinds.map((kind) => sources[kind].plural),
  'and',
);

/** `a, b or c`. */
export function listed(words: readonly string[], conjunction: 'and' | 'or'): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}
