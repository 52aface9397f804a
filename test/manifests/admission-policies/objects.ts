/**
 * Objects of each kind with as many changeable and removable fields as possible, and with the annotations and
 * the finalizer of wave-cron.
 */
import type { Fields, KubernetesObject } from '../../../tools/control-plane/api.ts';
import { finalizer, recordAnnotation } from '../../handler/ownership/stage.ts';
import {
  hashAnnotation,
  optedIn,
  prefix,
  sourcesAnnotation,
  type WorkloadKind,
} from '../../handler/run-pass.ts';

const metadata = (namespace: string, name: string) => ({
  namespace,
  name,
  labels: { app: name, team: 'shop' },
  annotations: { ...optedIn, 'example.com/owner': 'shop' },
  finalizers: ['example.com/keep'],
});

const security = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: 1000,
  capabilities: { drop: ['ALL'] },
};

const container = (name: string): Fields => ({
  ...{ name, image: 'example.com/main:1', command: ['main'], args: ['serve'], workingDir: '/srv' },
  env: [
    { name: 'COLOR', value: 'blue' },
    { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } },
  ],
  envFrom: [{ prefix: 'P_', secretRef: { name: 'login', optional: true } }],
  resources: { limits: { memory: '1Gi' }, requests: { cpu: '1' } },
  volumeMounts: [{ name: 'settings', mountPath: '/etc/settings', readOnly: true }],
  securityContext: security,
});

const served = {
  ports: [{ name: 'http', containerPort: 8080 }],
  livenessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 7 },
  readinessProbe: { exec: { command: ['true'] }, timeoutSeconds: 3 },
  lifecycle: { preStop: { exec: { command: ['true'] } } },
};

const pod: Fields = {
  containers: [{ ...container('main'), ...served }, container('side')],
  initContainers: [container('first')],
  volumes: [
    { name: 'settings', configMap: { name: 'settings', items: [{ key: 'a', path: 'a' }] } },
    { name: 'login', secret: { secretName: 'login', optional: true } },
  ],
  serviceAccountName: 'default',
  nodeSelector: { disk: 'fast' },
  tolerations: [{ key: 'spot', operator: 'Exists' }],
  imagePullSecrets: [{ name: 'registry' }],
  hostAliases: [{ ip: '10.0.0.2', hostnames: ['db'] }],
  terminationGracePeriodSeconds: 20,
  securityContext: { fsGroup: 1000, runAsUser: 1000 },
};

const own: Record<WorkloadKind, Fields> = {
  Deployment: {
    replicas: 0,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 1 } },
    ...{ revisionHistoryLimit: 4, minReadySeconds: 3, progressDeadlineSeconds: 500 },
  },
  StatefulSet: {
    ...{ replicas: 0, serviceName: 'web', revisionHistoryLimit: 4, minReadySeconds: 3 },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
  },
  DaemonSet: {
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 2 } },
    ...{ revisionHistoryLimit: 4, minReadySeconds: 3 },
  },
};

/** A workload without Pods after a pass, with labels, annotations and other fields of other programs. */
export function richWorkload(kind: WorkloadKind, namespace: string): KubernetesObject {
  const name = 'web';
  const meta = metadata(namespace, name);
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: {
      ...meta,
      annotations: {
        ...meta.annotations,
        [recordAnnotation]: '["ConfigMap/settings"]',
        [`${prefix}/adopted`]: '{}',
        [`${prefix}/rollout-history`]: '["2026-11-30T06:00:00Z"]',
        [`${prefix}/pending-config`]: `{"hash":"${'a'.repeat(64)}","since":"2026-11-30T06:00:00Z"}`,
        [`${prefix}/written-hash`]: 'a'.repeat(64),
        // Annotations that only people set.
        [`${prefix}/rollout-pause`]: 'true',
        [`${prefix}/rollout-windows`]: '[]',
        [`${prefix}/rollout-approval`]: 'required',
        [`${prefix}/rollout-settle`]: '30s',
        [`${prefix}/rollout-cooldown`]: '10m',
        [`${prefix}/rollout-order`]: '1',
        [`${prefix}/approved-config`]: 'a'.repeat(64),
        [`${prefix}/rollout-now`]: 'a'.repeat(64),
      },
      finalizers: [...meta.finalizers, finalizer],
    },
    spec: {
      ...own[kind],
      selector: { matchLabels: { app: name } },
      template: {
        metadata: {
          labels: { app: name, tier: 'front' },
          annotations: {
            'example.com/scrape': 'true',
            [hashAnnotation]: '0'.repeat(64),
            [sourcesAnnotation]: '{}',
          },
        },
        // The name of a node that does not exist. So the DaemonSet gets no Pod that the test would have to
        // delete.
        spec: kind === 'DaemonSet' ? { ...pod, nodeName: 'nowhere' } : pod,
      },
    },
  };
}

export function richSource(kind: 'ConfigMap' | 'Secret', namespace: string): KubernetesObject {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const meta = metadata(namespace, kind === 'Secret' ? 'login' : 'settings');
  return kind === 'Secret'
    ? {
        ...{ apiVersion: 'v1', kind, metadata: meta, type: 'Opaque', immutable: false },
        data: { password: base64('hunter2'), user: base64('web') },
      }
    : {
        ...{ apiVersion: 'v1', kind, metadata: meta, immutable: false },
        data: { level: 'info', color: 'blue' },
        binaryData: { logo: base64('logo') },
      };
}
