import { daemonSetPods, daemonSetRollout } from './daemon-set.ts';
import { deploymentRollout } from './deployment.ts';
import type { RevisionKind, WorkloadKindEntry } from './entry.ts';
import { statefulSetPods, statefulSetRollout } from './stateful-set.ts';

/** The workload kinds of Kubernetes itself. */

const apps = { group: 'apps', version: 'v1' } as const;

const strategicMerge = {
  patchType: 'application/strategic-merge-patch+json',
  podTemplatePath: ['spec', 'template'],
} as const;

/** @param prefix the prefix of the annotations with the revision numbers */
export function replicaSets(prefix: string): RevisionKind {
  const annotation = `${prefix}/revision`;
  const earlier = `${prefix}/revision-history`;
  return {
    kind: 'ReplicaSet',
    ...apps,
    plural: 'replicasets',
    template: ({ spec }) => spec?.template ?? {},
    number: ({ metadata }) => Number(metadata?.annotations?.[annotation] ?? 0),
    earlierNumbers: ({ metadata }) => metadata?.annotations?.[earlier],
    isNamedByStatus: false,
  };
}

export const controllerRevisions: RevisionKind = {
  kind: 'ControllerRevision',
  ...apps,
  plural: 'controllerrevisions',
  template: ({ data }) => data?.spec?.template ?? {},
  number: ({ revision }) => revision ?? 0,
  earlierNumbers: () => undefined,
  isNamedByStatus: false,
};

export const builtIn = {
  Deployment: {
    kind: 'Deployment',
    ...apps,
    plural: 'deployments',
    isDefault: true,
    shortNames: ['deploy'],
    ...strategicMerge,
    revisions: replicaSets('deployment.kubernetes.io'),
    rollout: deploymentRollout,
    pods: { controlledBy: 'revision' },
  },
  StatefulSet: {
    kind: 'StatefulSet',
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
    kind: 'DaemonSet',
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
