/** Applies manifests/example to a new namespace, as the owner of an application does. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import {
  deleteNamespace,
  randomName,
  rollouts,
  testCluster,
} from '../../tools/control-plane/testing.ts';
import { prefix as shippedPrefix } from '../handler/run-pass.ts';
import { overlay, runKubectl } from './kustomize.ts';

export type Application = {
  namespace: string;
  name: 'web';
  /** Changes the key of the ConfigMap that the workload references. */
  change(color: string): Promise<void>;
  /**
   * Returns the hash on the workload's template as soon as there is a hash that differs from
   * `before`.
   */
  hash(before?: string): Promise<string>;
  /** Returns the number of rollouts of the workload, including the first rollout. */
  rollouts(): Promise<number>;
  /**
   * Returns when the ConfigMap and the Secret have the workload and the Namespace kube-system as
   * owners.
   */
  owned(): Promise<void>;
  /**
   * Fails if the workload has the finalizer or the record of its sources, or if a source has an
   * owner reference.
   */
  unmarked(): Promise<void>;
  /** Returns when all Pods of the workload have its current template and are Ready. */
  rolledOut(): Promise<void>;
};

type Deployment = {
  spec: { template: { metadata: { annotations?: Record<string, string> } } };
};

// Two periods of a CronJob, and some time for the work.
const timeoutMs = 150_000;

/**
 * Applies the application with an opt-in under `prefix` only. So passes of other tests over all namespaces do
 * not change it.
 */
export async function application(
  t: Pick<TestContext, 'after'>,
  prefix: string,
): Promise<Application> {
  const { api } = testCluster();
  const namespace = randomName('test-app');
  const optIn = (prefix: string) => `/metadata/annotations/${prefix}~1update-on-config-change`;
  const patch = JSON.stringify([
    { op: 'add', path: optIn(prefix), value: 'true' },
    { op: 'remove', path: optIn(shippedPrefix) },
  ]);
  const patches = [{ target: { kind: 'Deployment' }, patch }];
  const folder = overlay({ resources: ['example'], namespace, patches });
  const { stderr } = await runKubectl('apply', '-k', folder);
  t.after(() => deleteNamespace(namespace));
  assert.equal(stderr, '');
  const name = 'web';
  const sources = [
    path('ConfigMap', namespace, 'web-config'),
    path('Secret', namespace, 'web-credentials'),
  ];
  return {
    namespace,
    name,
    async change(color) {
      await api.patch(path('ConfigMap', namespace, 'web-config'), { data: { COLOR: color } });
    },
    async hash(before) {
      let hash: string | undefined;
      await api.waitFor<Deployment>(
        path('Deployment', namespace, name),
        (it) => {
          hash = it?.spec.template.metadata.annotations?.[`${prefix}/config-hash`];
          return hash !== undefined && hash !== before;
        },
        { what: `a new hash on ${namespace}/${name}`, timeoutMs },
      );
      assert.ok(hash !== undefined);
      return hash;
    },
    rollouts: () => rollouts('Deployment', namespace, name),
    async owned() {
      const isOwned = (it: KubernetesObject | undefined) => {
        const kinds = it?.metadata.ownerReferences?.map(({ kind }) => kind) ?? [];
        return `${kinds.sort()}` === 'Deployment,Namespace';
      };
      for (const source of sources) await api.waitFor(source, isOwned, { timeoutMs });
    },
    async unmarked() {
      for (const source of sources)
        assert.equal((await api.get(source)).metadata.ownerReferences, undefined);
      const { finalizers, annotations } = (await api.get(path('Deployment', namespace, name)))
        .metadata;
      assert.equal(finalizers, undefined);
      assert.equal(annotations?.[`${prefix}/owned-sources`], undefined);
    },
    async rolledOut() {
      await runKubectl('-n', namespace, 'rollout', 'status', 'deployment', name, '--timeout=30s');
    },
  };
}
