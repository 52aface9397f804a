/** What a tenant can do with workloads that are large: nothing to anybody else, under the shipped limit of memory. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pLimit from 'p-limit';
import { path } from '../control-plane/api.ts';
import { configMap, deployment } from '../control-plane/objects.ts';
import { randomName, testCluster, testNamespace } from '../control-plane/testing.ts';
import { memoryLimit, runInLittleMemory } from '../jobs/little-memory.ts';
import { logLines } from '../jobs/run-program.ts';

const { api, cluster } = testCluster();

/** One character beyond Latin-1 makes a text in memory twice as long. */
const largeText = `\u{4e2d}${'x'.repeat(1_200_000)}`;

async function makeLarge(namespace: string, from: number, count: number): Promise<void> {
  const container = { name: 'main', image: 'example.com/main:1' };
  const pod = { containers: [{ ...container, env: [{ name: 'LARGE', value: largeText }] }] };
  const make = (name: string) =>
    api.create(deployment({ namespace, name, pod, spec: { paused: true } }));
  await pLimit(4).map(
    Array.from({ length: count }, (_, i) => `large-${from + i}`),
    make,
  );
}

/** One pass over every namespace of the cluster, by a prefix that nobody else uses. */
async function run(prefix: string, lease: string) {
  const { status, stdout, stderr, peak } = await runInLittleMemory([
    ...['once', '--kubeconfig', cluster.kubeconfig, '--annotation-prefix', prefix],
    ...['--ownership', 'off', '--lease-namespace', lease],
  ]);
  assert.equal(status, 0, `${stdout.slice(-2000)}${stderr.slice(-2000)}`);
  assert.ok((peak ?? Number.POSITIVE_INFINITY) < memoryLimit, `${peak} MiB`);
  return { lines: logLines(stdout), peak };
}

async function victim(t: TestContext, prefix: string): Promise<string> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const envFrom = [{ configMapRef: { name: 'settings' } }];
  const pod = { containers: [{ name: 'main', image: 'example.com/main:1', envFrom }] };
  const annotations = { [`${prefix}/update-on-config-change`]: 'true' };
  await api.create(deployment({ namespace, name: 'web', annotations, pod }));
  return namespace;
}

test('a hundred workloads of 1.2 MB that did not opt in keep nobody from being rolled, within the shipped limit of memory', async (t) => {
  const prefix = `${randomName('large')}.example.com`;
  const namespace = await victim(t, prefix);
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
    const { peak } = await run(prefix, namespace);
    t.diagnostic(`${made} workloads of 1.2 MB: ${peak?.toFixed(0)} MiB`);
    assert.equal(await generation(), before + 1, level);
  }
});
