import type { TestContext } from 'node:test';
import { configMap, deployment, using } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { optedIn } from '../handler/run-pass.ts';

/** Creates a namespace with Deployment web, whose source exists, and Deployment lost, whose source does not. */
export async function shop(t: TestContext): Promise<string> {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  for (const [name, source] of [
    ['web', 'settings'],
    ['lost', 'nowhere'],
  ] as const) {
    const pod = using({ configMap: source });
    await api.create(deployment({ namespace, name, annotations: optedIn, pod }));
  }
  return namespace;
}
