/** Objects as the server stores them, with their kinds. */
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import type { SimulatedWrite } from '../server/server.ts';

const kinds: Readonly<Record<string, string>> = {
  configmaps: 'ConfigMap',
  secrets: 'Secret',
  deployments: 'Deployment',
  statefulsets: 'StatefulSet',
  daemonsets: 'DaemonSet',
  namespaces: 'Namespace',
  leases: 'Lease',
  events: 'Event',
  pods: 'Pod',
  replicasets: 'ReplicaSet',
};

const withKind = (object: object, resource: string): KubernetesObject =>
  ({ kind: kinds[resource] ?? resource, ...object }) as KubernetesObject;

/** The object after the write; for a deletion, its last state. */
export const objectOf = ({ object, resource }: SimulatedWrite): KubernetesObject =>
  withKind(object, resource);

export const beforeOf = ({ before, resource }: SimulatedWrite): KubernetesObject | undefined =>
  before === undefined ? undefined : withKind(before, resource);
