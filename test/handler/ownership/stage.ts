/** A namespace with workloads and sources, and functions that read their owner references and finalizers. */
import type { TestContext } from 'node:test';
import type { Report } from '../../../lib/rules/report.ts';
import type { Settings } from '../../../lib/settings/schema.ts';
import {
  type Fields,
  type Kind,
  type KubernetesObject,
  type Metadata,
  path,
} from '../../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { optedIn, prefix, type RunOptions, runPass, type WorkloadKind } from '../run-pass.ts';

export const finalizer = `${prefix}/finalizer`;
export const recordAnnotation = `${prefix}/owned-sources`;
export const make = { Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet };
export type SourceKind = 'ConfigMap' | 'Secret';

/** The spec of Pods that use these sources, and also start without them. */
export const usingOptional = ({
  configMaps = [],
  secrets = [],
}: {
  configMaps?: readonly string[];
  secrets?: readonly string[];
}) =>
  using(
    ...configMaps.map((name) => ({ configMap: name, optional: true })),
    ...secrets.map((name) => ({ secret: name, optional: true })),
  );

export type Stage = {
  readonly namespace: string;
  /** The uid of the Namespace kube-system. */
  readonly lastingUid: string;
  source(kind: SourceKind, name: string, metadata?: Partial<Metadata>): Promise<void>;
  workload(
    kind: WorkloadKind,
    name: string,
    pod: Fields,
    metadata?: Partial<Metadata>,
  ): Promise<string>;
  pass(settings?: Partial<Settings>, options?: Omit<RunOptions, 'settings'>): Promise<Report>;
  get(kind: Kind, name: string): Promise<KubernetesObject>;
  find(kind: Kind, name: string): Promise<KubernetesObject | undefined>;
  /** The owners of a source, sorted: `Deployment/web`, or `Namespace` for kube-system. */
  owners(kind: SourceKind, name: string): Promise<string[]>;
  /** The finalizer and the record of ownership in the metadata of the workload. */
  carried(kind: WorkloadKind, name: string): Promise<{ finalizer: boolean; record?: string[] }>;
};

export async function ownershipStage(t: TestContext): Promise<Stage> {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  const { metadata } = await api.get(path('Namespace', undefined, 'kube-system'));
  const get = (kind: Kind, name: string) => api.get(path(kind, namespace, name));
  return {
    namespace,
    lastingUid: metadata.uid ?? '',
    get,
    find: (kind, name) => api.find(path(kind, namespace, name)),
    async source(kind, name, metadata = {}) {
      const object = (kind === 'Secret' ? secret : configMap)({
        namespace,
        name,
        data: { a: '1' },
      });
      await api.create({ ...object, metadata: { ...object.metadata, ...metadata } });
    },
    async workload(kind, name, pod, metadata = {}) {
      const object = make[kind]({ namespace, name, annotations: optedIn, pod });
      const made = await api.create({ ...object, metadata: { ...object.metadata, ...metadata } });
      return made.metadata.uid ?? '';
    },
    pass: (settings, options) => passIn(namespace, settings, options),
    async owners(kind, name) {
      const { metadata } = await get(kind, name);
      return (metadata.ownerReferences ?? [])
        .map((each) => (each.name === 'kube-system' ? each.kind : `${each.kind}/${each.name}`))
        .sort();
    },
    async carried(kind, name) {
      const { metadata } = await get(kind, name);
      const record = metadata.annotations?.[recordAnnotation];
      return {
        finalizer: metadata.finalizers?.includes(finalizer) === true,
        ...(record === undefined ? {} : { record: JSON.parse(record) as string[] }),
      };
    },
  };
}

/** A stage with Deployment `web`, which uses ConfigMap `settings` and Secret `credentials`. */
export async function ownershipShop(t: TestContext): Promise<Stage> {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.source('Secret', 'credentials');
  const pod = usingOptional({ configMaps: ['settings'], secrets: ['credentials'] });
  await stage.workload('Deployment', 'web', pod);
  return stage;
}

const passIn = (
  namespace: string,
  settings: Partial<Settings> = {},
  options: Omit<RunOptions, 'settings'> = {},
) => runPass(namespace, { ...options, settings: { ownership: 'finalizer', ...settings } });

/** An object without the fields that change with every write. */
export function lasting({ metadata, ...object }: KubernetesObject): KubernetesObject {
  const { managedFields: _, resourceVersion: __, generation: ___, ...kept } = metadata;
  return { ...object, metadata: kept };
}
