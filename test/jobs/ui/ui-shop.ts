import type { TestContext } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { configMap, deployment, secret, using } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { optedIn, prefix, runPass } from '../../handler/run-pass.ts';

const { api } = testCluster();

/** Hostile text. A page must not run it, and it must not change the text around it. */
export const hostileText = '<script>alert(1)</script><img src=x onerror=alert(2)> שלום';

/**
 * Deployments in several states, after two passes: `api` waits for a window and `billing` for an
 * approval, `checkout` lacks a source, `hostile` has an annotation with hostile text, `search` uses a
 * Secret, and `web` has two revisions and is up to date.
 */
export async function uiShop(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  for (const name of ['settings', 'prices']) {
    await api.create(configMap({ namespace, name, data: { level: 'info' } }));
  }
  await api.create(secret({ namespace, name: 'password', data: { key: 'value' } }));
  const uses = {
    ...{ api: { configMap: 'settings' }, billing: { configMap: 'settings' } },
    ...{ checkout: { configMap: 'nowhere' }, hostile: { configMap: 'prices' } },
    ...{ search: { secret: 'password' }, web: { configMap: 'prices' } },
  };
  const annotations: Readonly<Record<string, Record<string, string>>> = {
    api: { [`${prefix}/rollout-windows`]: JSON.stringify([openingLater()]) },
    billing: { [`${prefix}/rollout-approval`]: 'required' },
    hostile: { [`${prefix}/extra-configmaps`]: hostileText },
  };
  for (const [name, use] of Object.entries(uses)) {
    const workload = { namespace, name, annotations: { ...optedIn, ...annotations[name] } };
    await api.create(deployment({ ...workload, pod: using(use), spec: { replicas: 0 } }));
  }
  await runPass(namespace);
  for (const name of ['settings', 'prices']) {
    await api.patch(path('ConfigMap', namespace, name), { data: { level: 'debug' } });
  }
  await runPass(namespace);
  return namespace;
}

/** An allow window that is closed now and opens within seven hours. */
export function openingLater() {
  const hour = new Date(Date.now() + 6 * 3_600_000).getUTCHours();
  return { kind: 'allow', schedule: `0 ${hour} * * *`, duration: '2h', timeZone: 'UTC' };
}
