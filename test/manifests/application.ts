/** manifests/example in a namespace of its own: what an application's owner applies. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { path } from '../control-plane/api.ts';
import { randomName, rollouts, testCluster } from '../control-plane/testing.ts';
import { prefix as shippedPrefix, templateAnnotations } from '../handler/run-pass.ts';
import { overlay, runKubectl } from './kustomize.ts';

export type Application = {
  namespace: string;
  name: 'web';
  /** Changes the key of its ConfigMap that it references. */
  change(color: string): Promise<void>;
  /** The hash on its template, once it is there and is not `before`. */
  hash(before?: string): Promise<string>;
  /** How often it was rolled, the first time included. */
  rollouts(): Promise<number>;
  /** Whether its current template is the one that all its Pods have, which are Ready. */
  isRolledOut(): Promise<void>;
};

// As long as two ticks of a CronJob, and some time for the work.
const timeoutMs = 150_000;

/** Applies it, opted in under `prefix` alone: passes over all namespaces of other tests leave it be. */
export async function application(
  t: Pick<TestContext, 'after'>,
  prefix: string,
): Promise<Application> {
  const { api } = testCluster();
  const namespace = randomName('test-app');
  const optIn = (prefix: string) => `/metadata/annotations/${prefix}~1update-on-config-change`;
  const patch = JSON.stringify([
    { op: 'add', path: optIn(prefix), value: 'true' },
    ...(prefix === shippedPrefix ? [] : [{ op: 'remove', path: optIn(shippedPrefix) }]),
  ]);
  const patches = [{ target: { kind: 'Deployment' }, patch }];
  const { stderr } = await runKubectl(
    ...['apply', '-k', overlay({ resources: ['example'], namespace, patches })],
  );
  t.after(() => api.delete(path('Namespace', undefined, namespace)));
  assert.equal(stderr, '');
  const name = 'web';
  const deployment = path('Deployment', namespace, name);
  const hashNow = async () =>
    (await templateAnnotations(namespace, name))[`${prefix}/config-hash`] ?? '';
  return {
    namespace,
    name,
    async change(color) {
      await api.patch(path('ConfigMap', namespace, 'web-config'), { data: { COLOR: color } });
    },
    async hash(before = '') {
      type Template = { spec: { template: { metadata: { annotations?: object } } } };
      await api.waitFor<Template>(
        deployment,
        (it) => {
          const annotations: Record<string, string> = {
            ...it?.spec.template.metadata.annotations,
          };
          return ![undefined, before].includes(annotations[`${prefix}/config-hash`]);
        },
        { what: `a new hash on ${namespace}/${name}`, timeoutMs },
      );
      return hashNow();
    },
    rollouts: () => rollouts('Deployment', namespace, name),
    async isRolledOut() {
      await runKubectl('-n', namespace, 'rollout', 'status', 'deployment', name, '--timeout=30s');
    },
  };
}
