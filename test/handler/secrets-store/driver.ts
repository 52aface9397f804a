/**
 * A stand-in for the Secrets Store CSI driver, which needs nodes. The tests write the statuses of Pods in the
 * same way as the driver. The cluster has the driver's own definitions, from its Go module.
 */
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { mountStatus, secretProviderClass } from '../../../lib/kubernetes/kinds.ts';
import type { Report } from '../../../lib/rules/report.ts';
import type { Settings } from '../../../lib/settings/schema.ts';
import { type Fields, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { configMap, deployment, statefulSet, using } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { define, definitionsOf } from '../kinds/definitions.ts';
import {
  hashAnnotation,
  optedIn,
  type RunOptions,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
} from '../run-pass.ts';

/** Adds the kinds of the driver to the cluster. They are not removed. */
export async function defineSecretsStore(): Promise<void> {
  const definitions = await definitionsOf({
    folder: 'secrets-store',
    module: 'sigs.k8s.io/secrets-store-csi-driver',
    files: [secretProviderClass, mountStatus].map(
      ({ group, plural }) => `config/crd/bases/${group}_${plural}.yaml`,
    ),
  });
  for (const each of definitions) await define(each);
}

const { group, version } = secretProviderClass;
const apiVersion = `${group}/${version}`;
const inNamespace = (namespace: string) => `/apis/${apiVersion}/namespaces/${namespace}`;

export const classPath = (namespace: string, name: string): string =>
  `${inNamespace(namespace)}/${secretProviderClass.plural}/${name}`;
const statusesPath = (namespace: string) => `${inNamespace(namespace)}/${mountStatus.plural}`;

/** A volume of the driver, with the objects of a class. */
export const volume = (className: string): Fields => ({
  name: className,
  csi: {
    driver: 'secrets-store.csi.k8s.io',
    readOnly: true,
    volumeAttributes: { secretProviderClass: className },
  },
});

export type Versions = Readonly<Record<string, string>>;

/** Reports the mounted objects of one Pod, as the driver does: creates the status, or changes its objects. */
export async function mount(
  { metadata }: KubernetesObject,
  className: string,
  versions: Versions,
): Promise<void> {
  const { api } = testCluster();
  const { namespace = '', name, uid } = metadata;
  const objects = Object.entries(versions).map(([id, each]) => ({ id, version: each }));
  const own = `${name}-${namespace}-${className}`;
  const at = `${statusesPath(namespace)}/${own}`;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name, uid }];
  const status = {
    ...{ podName: name, secretProviderClassName: className, mounted: true, objects },
    targetPath: `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~csi/${className}/mount`,
  };
  if ((await api.find(at)) !== undefined) {
    // A new Pod of a StatefulSet has the name of the earlier Pod, whose status may still exist.
    await api.patch(at, { metadata: { ownerReferences }, status }, 'merge');
    return;
  }
  const labels = { 'internal.secrets-store.csi.k8s.io/node-name': 'node-1' };
  const metadataOfStatus = { namespace, name: own, labels, ownerReferences };
  await api.post(statusesPath(namespace), {
    ...{ apiVersion, kind: mountStatus.kind, metadata: metadataOfStatus, status },
  });
}

export async function createClass(
  namespace: string,
  name: string,
  parameters: Fields = { objects: 'password' },
  annotations: Record<string, string> = {},
): Promise<void> {
  await testCluster().api.post(`${inNamespace(namespace)}/${secretProviderClass.plural}`, {
    apiVersion,
    kind: secretProviderClass.kind,
    metadata: { namespace, name, annotations },
    spec: { provider: 'vault', parameters },
  });
}

export type MountStage = {
  readonly namespace: string;
  /** The path of the workload. */
  readonly path: string;
  /** The path of SecretProviderClass vault. */
  readonly class: string;
  /** Waits until the workload has only Pods with the current template, and returns them. */
  pods(): Promise<readonly KubernetesObject[]>;
  /** Reports that these versions are mounted in all Pods. */
  mountAll(versions: Versions): Promise<void>;
  /** Changes ConfigMap settings, of which the workload uses the key level. */
  change(level: string): Promise<void>;
  patch(fields: Fields): Promise<void>;
  hash(): Promise<string | undefined>;
  record(): Promise<Record<string, string>>;
  pass(settings?: Partial<Settings>, options?: Omit<RunOptions, 'settings'>): Promise<Report>;
};

export type StageOptions = {
  kind?: 'Deployment' | 'StatefulSet';
  replicas?: number;
  annotations?: Record<string, string>;
};

/** Workload `web` mounts SecretProviderClass `vault`, and uses a key of ConfigMap `settings`. */
export async function mountStage(
  t: TestContext,
  { kind = 'Deployment', replicas = 3, annotations = optedIn }: StageOptions = {},
): Promise<MountStage> {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  const own = path(kind, namespace, 'web');
  await createClass(namespace, 'vault');
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const pod = { ...using({ configMap: 'settings', key: 'level' }), volumes: [volume('vault')] };
  const common = { namespace, name: 'web', replicas, annotations, pod };
  // Without nodes, no Pod becomes available. So a rolling update would not end.
  await api.create(
    kind === 'Deployment'
      ? deployment({ ...common, spec: { strategy: { type: 'Recreate' } } })
      : statefulSet({ ...common, spec: { podManagementPolicy: 'Parallel' } }),
  );
  const pods = async () => {
    for (;;) {
      const { metadata, spec, status } = await api.get<Counted>(own);
      const all = (await api.list(path('Pod', namespace))).filter(
        (each) => each.metadata['deletionTimestamp'] === undefined,
      );
      const isDone =
        Number(status?.observedGeneration) >= (metadata.generation ?? 0) &&
        (status?.updatedReplicas ?? 0) === spec.replicas &&
        all.length === spec.replicas;
      if (isDone) return all.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
      // A StatefulSet waits until a new Pod is ready, which needs a node.
      const newest = status?.updateRevision;
      const isOld = ({ labels = {} }: KubernetesObject['metadata']) =>
        newest !== undefined && labels['controller-revision-hash'] !== newest;
      for (const each of kind === 'StatefulSet' ? all : []) {
        if (isOld(each.metadata)) await api.delete(path('Pod', namespace, each.metadata.name));
      }
      await sleep(50);
    }
  };
  const record = async () =>
    JSON.parse((await templateAnnotations(namespace, 'web', kind))[sourcesAnnotation] ?? '{}');
  return {
    ...{ namespace, path: own, class: classPath(namespace, 'vault'), pods, record },
    async mountAll(versions) {
      for (const each of await pods()) await mount(each, 'vault', versions);
    },
    change: async (level) => {
      await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level } });
    },
    patch: async (fields) => {
      await api.patch(own, fields);
    },
    hash: async () => (await templateAnnotations(namespace, 'web', kind))[hashAnnotation],
    pass: (more = {}, options = {}) =>
      runPass(namespace, { ...options, settings: { sourceKinds: allKinds, ...more } }),
  };
}

export const allKinds = ['ConfigMap', 'Secret', 'SecretProviderClass'] as const;

type Counted = KubernetesObject & {
  spec: { replicas: number };
  status?: { observedGeneration?: number; updatedReplicas?: number; updateRevision?: string };
};
