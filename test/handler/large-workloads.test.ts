/** Large workloads of one tenant do no harm to other tenants, within the shipped memory limit. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pLimit from 'p-limit';
import { listWorkloads } from '../../handler/reading/list.ts';
import { createApiClient } from '../../lib/kubernetes/client/api-client.ts';
import { createCluster } from '../../lib/kubernetes/cluster.ts';
import { connect } from '../../lib/kubernetes/credentials/connection.ts';
import { annotationKeysOf, domainsOf } from '../../lib/rules/annotations.ts';
import { readWorkload } from '../../lib/rules/workload.ts';
import { defaultSettings } from '../../lib/settings/schema.ts';
import { path } from '../../tools/control-plane/api.ts';
import { configMap, deployment, mainContainer, using } from '../../tools/control-plane/objects.ts';
import { randomName, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { memoryLimit, runInLittleMemory } from '../jobs/little-memory.ts';
import { optedIn, prefix } from './run-pass.ts';

const { api, cluster } = testCluster();

/** A single character beyond Latin-1 doubles the memory that the text takes. */
const largeText = `\u{4e2d}${'x'.repeat(1_200_000)}`;

async function makeLarge(namespace: string, from: number, count: number): Promise<void> {
  const pod = { containers: [{ ...mainContainer, env: [{ name: 'LARGE', value: largeText }] }] };
  const make = (name: string) =>
    api.create(deployment({ namespace, name, pod, spec: { paused: true } }));
  await pLimit(4).map(
    Array.from({ length: count }, (_, i) => `large-${from + i}`),
    make,
  );
}

/** Runs one pass over all namespaces of the cluster. Only this test uses the annotation prefix. */
async function run(annotationPrefix: string, lease: string) {
  const { status, stdout, stderr, peak } = await runInLittleMemory([
    ...['once', '--kubeconfig', cluster.kubeconfig, '--annotation-prefix', annotationPrefix],
    ...['--ownership', 'off', '--lease-namespace', lease],
  ]);
  assert.equal(status, 0, `${stdout.slice(-2000)}${stderr.slice(-2000)}`);
  assert.ok((peak ?? Number.POSITIVE_INFINITY) < memoryLimit, `${peak} MiB`);
  return peak;
}

async function victim(t: TestContext, annotationPrefix: string): Promise<string> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const pod = using({ configMap: 'settings' });
  const annotations = { [`${annotationPrefix}/update-on-config-change`]: 'true' };
  await api.create(deployment({ namespace, name: 'web', annotations, pod }));
  return namespace;
}

test('a hundred workloads of 1.2 MB that did not opt in do not keep other workloads from rolling, within the shipped memory limit', async (t) => {
  const own = `${randomName('large')}.example.com`;
  const namespace = await victim(t, own);
  const tenant = await testNamespace(t);
  const generation = async () =>
    (await api.get(path('Deployment', namespace, 'web'))).metadata.generation ?? 0;
  let made = 0;
  for (const count of [60, 40]) {
    await makeLarge(tenant, made, count);
    made += count;
    const level = `after ${made}`;
    await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level } });
    const before = await generation();
    const peak = await run(own, namespace);
    t.diagnostic(`${made} workloads of 1.2 MB: ${peak?.toFixed(0)} MiB`);
    assert.equal(await generation(), before + 1, level);
  }
});

test('a workload whose JSON exceeds the size limit of responses is skipped and named, and the workloads before and after it are read', async (t) => {
  const namespace = await testNamespace(t);
  const connection = await connect({ kubeconfig: cluster.kubeconfig, context: undefined }, {});
  t.after(() => connection.close());
  // Each of these characters takes six bytes in JSON, and one byte in the API server.
  const value = '\u0001'.repeat(480_000);
  const grow = async (name: string, annotations: Record<string, string>) => {
    await api.create(deployment({ namespace, name, annotations, spec: { paused: true } }));
    for (const variable of ['A', 'B', 'C']) {
      const containers = [{ name: 'main', env: [{ name: variable, value }] }];
      await api.patch(path('Deployment', namespace, name), {
        spec: { template: { spec: { containers } } },
      });
    }
  };
  await grow('b-large', optedIn);
  await grow('d-large', {});
  for (const name of ['a', 'c', 'e']) {
    await api.create(deployment({ namespace, name, annotations: optedIn }));
  }
  const keys = annotationKeysOf(prefix, []);
  const rules = { annotations: keys, crossNamespaceReferences: [], adoption: 'stamp' } as const;
  const { workloads, unread, problems, tooLarge } = await listWorkloads(
    { ...defaultSettings, namespaces: [namespace] },
    { keep: (kind, object) => readWorkload(kind, object, rules), mentioning: domainsOf(keys) },
    { cluster: createCluster(createApiClient(connection)), lists: pLimit(8), signal: t.signal },
  );
  assert.deepEqual(workloads.map(({ name }) => name).sort(), ['a', 'c', 'e']);
  assert.deepEqual([unread, problems], [[], []]);
  assert.deepEqual(
    tooLarge.map(({ kind, name, kept, uid }) => [kind, name, kept, uid !== '']),
    [
      ['Deployment', 'b-large', true, true],
      ['Deployment', 'd-large', false, true],
    ],
  );
});
