/** The objects of a sequence of requests, each in the namespace of the sequence. */

export type Kind =
  | 'ConfigMap'
  | 'Secret'
  | 'Lease'
  | 'Event'
  | 'Deployment'
  | 'StatefulSet'
  | 'DaemonSet'
  | 'ReplicaSet'
  | 'ControllerRevision'
  | 'Pod'
  | 'ResourceQuota'
  | 'Namespace';

export const apis: Readonly<
  Record<Kind, { readonly apiVersion: string; readonly plural: string }>
> = {
  ConfigMap: { apiVersion: 'v1', plural: 'configmaps' },
  Secret: { apiVersion: 'v1', plural: 'secrets' },
  Lease: { apiVersion: 'coordination.k8s.io/v1', plural: 'leases' },
  Event: { apiVersion: 'events.k8s.io/v1', plural: 'events' },
  Deployment: { apiVersion: 'apps/v1', plural: 'deployments' },
  StatefulSet: { apiVersion: 'apps/v1', plural: 'statefulsets' },
  DaemonSet: { apiVersion: 'apps/v1', plural: 'daemonsets' },
  ReplicaSet: { apiVersion: 'apps/v1', plural: 'replicasets' },
  ControllerRevision: { apiVersion: 'apps/v1', plural: 'controllerrevisions' },
  Pod: { apiVersion: 'v1', plural: 'pods' },
  Namespace: { apiVersion: 'v1', plural: 'namespaces' },
  ResourceQuota: { apiVersion: 'v1', plural: 'resourcequotas' },
};

export interface Target {
  readonly kind: Kind;
  readonly name: string;
}

export const keyOf = ({ kind, name }: Target): string => `${kind}/${name}`;

export function collectionPath(kind: Kind, namespace: string): string {
  const { apiVersion, plural } = apis[kind];
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  if (kind === 'Namespace') return `${root}/${plural}`;
  return `${root}/namespaces/${namespace}/${plural}`;
}

/** A sequence has only one Namespace: its own. */
export const objectPath = ({ kind, name }: Target, namespace: string): string =>
  `${collectionPath(kind, namespace)}/${kind === 'Namespace' ? namespace : name}`;
