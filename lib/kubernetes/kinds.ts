/**
 * The kinds that wave-cron supports, each with everything that is specific to it. A new kind is
 * added only here: paths, permissions, settings, arguments, annotations, patches, records and
 * messages follow from its entry.
 */

import { daemonSetPods, daemonSetRollout } from './kinds/daemon-set.ts';
import { deploymentRollout } from './kinds/deployment.ts';
import type { RevisionKind, SourceKindEntry, WorkloadKindEntry } from './kinds/entry.ts';
import { statefulSetPods, statefulSetRollout } from './kinds/stateful-set.ts';
import type { OwnerReference } from './objects.ts';

export type {
  ApiResource,
  RevisionKind,
  SourceKindEntry,
  WorkloadKindEntry,
} from './kinds/entry.ts';
export { podTemplateOf, podTemplatePatch, writesPodTemplate } from './kinds/pod-template.ts';
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

const apps = { group: 'apps', version: 'v1' } as const;
const core = { group: '', version: 'v1' } as const;

const strategicMerge = {
  patchType: 'application/strategic-merge-patch+json',
  podTemplatePath: ['spec', 'template'],
} as const;

const revisionAnnotation = 'deployment.kubernetes.io/revision';
const earlierRevisionsAnnotation = 'deployment.kubernetes.io/revision-history';

const replicaSets: RevisionKind = {
  kind: 'ReplicaSet',
  ...apps,
  plural: 'replicasets',
  template: ({ spec }) => spec?.template ?? {},
  number: ({ metadata }) => Number(metadata?.annotations?.[revisionAnnotation] ?? 0),
  earlierNumbers: ({ metadata }) => metadata?.annotations?.[earlierRevisionsAnnotation],
  isNamedByStatus: false,
};

const controllerRevisions: RevisionKind = {
  kind: 'ControllerRevision',
  ...apps,
  plural: 'controllerrevisions',
  template: ({ data }) => data?.spec?.template ?? {},
  number: ({ revision }) => revision ?? 0,
  earlierNumbers: () => undefined,
  isNamedByStatus: false,
};

const workloads = {
  Deployment: {
    ...apps,
    plural: 'deployments',
    isDefault: true,
    shortNames: ['deploy'],
    ...strategicMerge,
    revisions: replicaSets,
    rollout: deploymentRollout,
    pods: { controlledBy: 'revision' },
  },
  StatefulSet: {
    ...apps,
    plural: 'statefulsets',
    isDefault: true,
    shortNames: ['sts'],
    ...strategicMerge,
    revisions: { ...controllerRevisions, isNamedByStatus: true },
    rollout: statefulSetRollout,
    pods: statefulSetPods,
  },
  DaemonSet: {
    ...apps,
    plural: 'daemonsets',
    isDefault: true,
    shortNames: ['ds'],
    ...strategicMerge,
    revisions: controllerRevisions,
    rollout: daemonSetRollout,
    pods: daemonSetPods,
  },
} as const satisfies Readonly<Record<string, WorkloadKindEntry>>;

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

export type WorkloadKind = keyof typeof workloads;
export type SourceKind = keyof typeof sources;

// The type of Object.keys does not keep the keys.
export const workloadKinds = Object.keys(workloads) as readonly string[] as readonly WorkloadKind[];
export const sourceKinds = Object.keys(sources) as readonly string[] as readonly SourceKind[];

/** The workload kinds of which `isDefault` holds, and these. */
export function withDefaultKinds(more: readonly WorkloadKind[]): readonly WorkloadKind[] {
  return workloadKinds.filter((kind) => workloads[kind].isDefault || more.includes(kind));
}

export function workloadEntry(kind: WorkloadKind): WorkloadKindEntry {
  return workloads[kind];
}

export function sourceEntry(kind: SourceKind): SourceKindEntry {
  return sources[kind];
}

/** One of something for each kind of sources. */
export function perSourceKind<T>(make: (kind: SourceKind) => T): Readonly<Record<SourceKind, T>> {
  const made = sourceKinds.map((kind) => [kind, make(kind)] as const);
  return Object.fromEntries(made) as Readonly<Record<SourceKind, T>>;
}

/** The `apiVersion` of an object of the kind: `apps/v1`. */
export function apiVersionOf({ group, version }: Pick<WorkloadKindEntry, 'group' | 'version'>) {
  return group === '' ? version : `${group}/${version}`;
}

/** Whether an owner reference is to a workload of a supported kind, in any version of its group. */
export function isWorkloadReference({ apiVersion, kind }: OwnerReference): boolean {
  const known = workloadKinds.find((each) => each === kind);
  return known !== undefined && apiVersion?.startsWith(`${workloads[known].group}/`) === true;
}

/** Whether objects of this resource are workloads of a supported kind. */
export function isWorkloadResource(resource: {
  readonly apiGroup: string;
  readonly resource: string;
}): boolean {
  return workloadKinds
    .map(workloadEntry)
    .some(({ group, plural }) => group === resource.apiGroup && plural === resource.resource);
}

/** The kinds of the objects of an installation of wave-cron, in addition to the workload kinds. */
export const deployment = { kind: 'Deployment', ...workloads.Deployment } as const;
export const configMap = { kind: 'ConfigMap', ...sources.ConfigMap } as const;
export const secret = { kind: 'Secret', ...sources.Secret } as const;

/** `ConfigMap or Secret`. */
export const anySource = listed(sourceKinds, 'or');
/** `ConfigMaps and Secrets`. */
export const allSources = listed(
  sourceKinds.map((kind) => `${kind}s`),
  'and',
);
/** With the names of RBAC: `configmaps and secrets`. */
export const sourceResources = listed(
  sourceKinds.map((kind) => sources[kind].plural),
  'and',
);

/** `a, b or c`. */
export function listed(words: readonly string[], conjunction: 'and' | 'or'): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}
