import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { configMap, deployment, using } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { optedIn, prefix, reasonsIn, requestsIn, runPass } from '../run-pass.ts';

const { api, cluster } = testCluster();
const off = { rollouts: { ...defaultSettings.rollouts, namespaceAnnotations: 'off' } } as const;

async function twoWorkloads(namespace: string) {
  await api.create(configMap({ namespace, name: 'app', data: { a: '0' } }));
  const pod = using({ configMap: 'app' });
  for (const name of ['one', 'two']) {
    await api.create(deployment({ namespace, name, annotations: optedIn, pod }));
  }
}

suite('the annotations of a namespace', { concurrency: 3 }, () => {
  test('are read once in a pass, and only if a hash is to be written in the namespace', async (t) => {
    const namespace = await testNamespace(t);
    await twoWorkloads(namespace);
    const reads = async (run: () => Promise<unknown>) => {
      const audit = await auditFromHere(cluster);
      await run();
      const asked = { ...requestsIn(namespace), verb: ['get'], resource: ['namespaces'] };
      return (await audit.entries(asked)).length;
    };
    assert.equal(await reads(() => runPass(namespace)), 1);
    assert.equal(await reads(() => runPass(namespace)), 0);
  });

  test('are not read with namespaceAnnotations: off, and have no effect', async (t) => {
    const namespace = await testNamespace(t);
    await twoWorkloads(namespace);
    const annotations = { [`${prefix}/rollout-pause`]: 'true' };
    await api.patch(path('Namespace', undefined, namespace), { metadata: { annotations } });
    const audit = await auditFromHere(cluster);
    const report = await runPass(namespace, { settings: off });
    assert.deepEqual(reasonsIn(report), {
      'Deployment/one': 'FirstSeen',
      'Deployment/two': 'FirstSeen',
    });
    const asked = { ...requestsIn(namespace), verb: ['get'], resource: ['namespaces'] };
    assert.deepEqual(await audit.entries(asked), []);
  });
});
