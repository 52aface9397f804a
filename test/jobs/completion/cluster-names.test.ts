import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { clusterNames } from '../../../jobs/completion/cluster-names.ts';
import { configMap, deployment, using } from '../../../tools/control-plane/objects.ts';
import {
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { lineOf, testProgram } from './program-of-a-test.ts';

const { api, cluster } = testCluster();
const { signal } = new AbortController();
const flags = ['explain', '--kubeconfig', cluster.kubeconfig];

async function shop(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const pod = using({ configMap: 'settings' });
  for (const name of ['web', 'api']) await api.create(deployment({ namespace, name, pod }));
  return namespace;
}

suite('the names in the cluster', () => {
  test('are those of the workloads of the kind, in the namespace of the option or the context', async (t) => {
    const namespace = await shop(t);
    const line = lineOf(testProgram(), ...flags, '-n', namespace, 'deploy/');
    const deployments = { kind: 'workloads', writtenKind: 'deploy' } as const;
    const found = await clusterNames(deployments, line, {}, signal);
    assert.deepEqual(found.map(({ word }) => word).sort(), ['deploy/api', 'deploy/web']);
    const others = { kind: 'workloads', writtenKind: 'sts' } as const;
    assert.deepEqual(await clusterNames(others, line, {}, signal), []);
    const { kubeconfig } = await serviceAccount(t, {
      namespace,
      rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['list'] }],
    });
    const ofContext = lineOf(testProgram(), 'explain', 'deploy/');
    const environment = { KUBECONFIG: kubeconfig };
    const same = await clusterNames(deployments, ofContext, environment, signal);
    assert.equal(same.length, 2);
  });

  test('are those of the namespaces that continue the text at the cursor', async (t) => {
    const namespace = await testNamespace(t);
    const wanted = { kind: 'namespaces', prefix: '--namespaces=a,' } as const;
    const found = await clusterNames(wanted, lineOf(testProgram(), ...flags, ''), {}, signal);
    assert.ok(found.some(({ word }) => word === `--namespaces=a,${namespace}`));
  });
});
