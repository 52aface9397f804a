import type { TestContext } from 'node:test';
import { path } from '../../tools/control-plane/api.ts';
import { configMap, deployment, secret, using } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { optedIn, runPass } from '../handler/run-pass.ts';

const { api } = testCluster();

/**
 * Creates Deployments `idle` and `web`, which use ConfigMap settings, `closed`, which uses a Secret, and
 * `lost`, whose source does not exist. A pass has seen all of them. They have no Pods, so a rollout is finished
 * at once.
 */
export async function statusShop(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  await api.create(configMap({ namespace, name: 'other', data: { level: 'info' } }));
  await api.create(secret({ namespace, name: 'password', data: { key: 'value' } }));
  const uses = {
    ...{ idle: { configMap: 'other' }, web: { configMap: 'settings' } },
    ...{ closed: { secret: 'password' }, lost: { configMap: 'nowhere' } },
  };
  for (const [name, use] of Object.entries(uses)) {
    const workload = { namespace, name, annotations: optedIn, pod: using(use) };
    await api.create(deployment({ ...workload, spec: { replicas: 0 } }));
  }
  await runPass(namespace);
  return namespace;
}

export const changeSettings = (namespace: string, level: string) =>
  api.patch(path('ConfigMap', namespace, 'settings'), { data: { level } });
