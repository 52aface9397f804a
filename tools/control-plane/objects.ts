/**
 * Objects for tests, in a short form:
 *
 *     deployment({ namespace, name: 'web', annotations: optedIn, pod: using({ configMap: 'settings' }) })
 *     configMap({ namespace, name: 'settings', data: { level: 'info' } })
 *
 * By default, workloads have no replicas, because most tests only check whether their template
 * changes.
 */
import { plantedValue } from '../../test/secrets/planted.ts';
import type { Fields, KubernetesObject } from './api.ts';

export type Named = {
  namespace: string;
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
};

export type Workload = Named & {
  replicas?: number;
  podAnnotations?: Record<string, string>;
  /** Merged into the result of `using()`. */
  pod?: Fields;
  /** Merged into the spec of the workload. */
  spec?: Fields;
};

export type Source = Named & {
  data?: Record<string, string>;
  /** The binary data, in base64. */
  binaryData?: Record<string, string>;
  immutable?: boolean;
  /** False if a Secret must contain only this data. */
  planted?: boolean;
};

/** A container that uses no source. */
export const mainContainer = { name: 'main', image: 'example.com/main:1' } as const;

/** A source that a container uses: all keys, or only `key` as the environment variable `as`. */
export type Use = ({ configMap: string } | { secret: string }) & {
  key?: string;
  /** Default: `VALUE`. */
  as?: string;
  optional?: boolean;
};

export type Container = typeof mainContainer & { env?: Fields[]; envFrom?: Fields[] };

/** The spec of Pods whose only container uses these sources. */
export function using(...uses: readonly Use[]): { containers: [Container] } {
  const env = uses.filter(({ key }) => key !== undefined).map(envOf);
  const envFrom = uses.filter(({ key }) => key === undefined).map(envFromOf);
  const container = {
    ...mainContainer,
    ...(env.length === 0 ? {} : { env }),
    ...(envFrom.length === 0 ? {} : { envFrom }),
  };
  return { containers: [container] };
}

function envOf({ key, as = 'VALUE', ...use }: Use): Fields {
  const selector = { ...selectorOf(use), key };
  const valueFrom = 'secret' in use ? { secretKeyRef: selector } : { configMapKeyRef: selector };
  return { name: as, valueFrom };
}

const envFromOf = (use: Use): Fields =>
  'secret' in use ? { secretRef: selectorOf(use) } : { configMapRef: selectorOf(use) };

const selectorOf = ({ optional, ...use }: Use): Fields => ({
  name: 'secret' in use ? use.secret : use.configMap,
  ...(optional === undefined ? {} : { optional }),
});

export const deployment = (workload: Workload): KubernetesObject =>
  workloadOf('Deployment', workload, { replicas: workload.replicas ?? 0 });

export const statefulSet = (workload: Workload): KubernetesObject =>
  workloadOf('StatefulSet', workload, {
    replicas: workload.replicas ?? 0,
    serviceName: workload.name,
  });

export const daemonSet = (workload: Workload): KubernetesObject =>
  workloadOf('DaemonSet', workload, {});

export const configMap = ({
  data,
  binaryData,
  immutable,
  planted: _,
  ...named
}: Source): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: named,
  ...(data === undefined ? {} : { data }),
  ...(binaryData === undefined ? {} : { binaryData }),
  ...(immutable === undefined ? {} : { immutable }),
});

/**
 * `data` is text and gets encoded. `binaryData` is already base64. The Secret's `data` contains
 * both, and another value that no output may contain: see planted.ts.
 */
export const secret = ({
  data,
  binaryData,
  immutable,
  planted = true,
  ...named
}: Source): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: named,
  data: {
    ...(planted ? base64Values({ planted: plantedValue(`${named.namespace}/${named.name}`) }) : {}),
    ...base64Values(data),
    ...binaryData,
  },
  ...(immutable === undefined ? {} : { immutable }),
});

export const namespace = (name: string, labels: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

function workloadOf(kind: string, workload: Workload, own: Fields): KubernetesObject {
  const { namespace, name, labels = {}, annotations = {}, podAnnotations, pod, spec } = workload;
  const app = { app: name.slice(0, 63) };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { namespace, name, labels, annotations },
    spec: {
      ...own,
      selector: { matchLabels: app },
      template: {
        metadata: { labels: app, ...(podAnnotations ? { annotations: podAnnotations } : {}) },
        spec: { ...using(), ...pod },
      },
      ...spec,
    },
  };
}

function base64Values(data: Record<string, string> = {}): Record<string, string> {
  const encoded = Object.entries(data).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ]);
  return Object.fromEntries(encoded);
}
