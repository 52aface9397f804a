/** A namespace with workloads of other APIs. */
import type { TestContext } from 'node:test';
import type { CustomKind } from '../../../lib/kubernetes/kinds.ts';
import type { Report } from '../../../lib/rules/report.ts';
import type { Settings } from '../../../lib/settings/schema.ts';
import { type Fields, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { configMap, using } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { hashAnnotation, optedIn, type RunOptions, runPass } from '../run-pass.ts';
import { customWorkload, pathOf } from './definitions.ts';

export type KindStage = {
  readonly namespace: string;
  readonly path: string;
  /** The path of ConfigMap `settings`. */
  readonly settings: string;
  create(object?: {
    spec?: Fields;
    annotations?: Record<string, string>;
    pod?: Fields;
  }): Promise<void>;
  get(): Promise<KubernetesObject>;
  hash(): Promise<string | undefined>;
  /** Changes keys of ConfigMap `settings`. */
  change(data: Record<string, string>): Promise<void>;
  pass(settings?: Partial<Settings>, options?: Omit<RunOptions, 'settings'>): Promise<Report>;
};

/**
 * Prepares a namespace with ConfigMap `settings`. `create` adds workload `web` of this kind, which uses key `a`
 * of it.
 */
export async function kindStage(
  t: TestContext,
  kind: CustomKind,
  plural?: string,
): Promise<KindStage> {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  const own = pathOf(kind, namespace, 'web', plural);
  t.after(async () => {
    const object = await api.find(own);
    if (object === undefined) return;
    await api.delete(own);
    await api.patch(own, { metadata: { finalizers: [] } }, 'merge').catch(() => undefined);
  });
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1', b: '1' } }));
  const settings = path('ConfigMap', namespace, 'settings');
  const pod = using({ configMap: 'settings', key: 'a' });
  const get = () => api.get(own);
  return {
    namespace,
    path: own,
    settings,
    get,
    async create(object = {}) {
      const workload = { namespace, name: 'web', annotations: optedIn, pod, ...object };
      await api.post(pathOf(kind, namespace, undefined, plural), customWorkload(kind, workload));
    },
    async hash() {
      const { spec } = (await get()) as unknown as Templated;
      return spec?.template?.metadata?.annotations?.[hashAnnotation];
    },
    change: async (data) => {
      await api.patch(settings, { data });
    },
    pass: (more = {}, options = {}) =>
      runPass(namespace, { ...options, settings: { kinds: ['Deployment', kind], ...more } }),
  };
}

type Templated = {
  spec?: { template?: { metadata?: { annotations?: Record<string, string> } } };
};
