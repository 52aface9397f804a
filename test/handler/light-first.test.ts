import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { faultProxy } from '../faults/fault-proxy.ts';
import { optedIn, outcomeOf, prefix, runPass } from './run-pass.ts';

const { api } = testCluster();

test('a workload with more than a hundred sources is read after all workloads with fewer sources', async (t) => {
  const namespace = await testNamespace(t);
  const proxy = await faultProxy(t);
  const using = (name: string, secrets: readonly string[]) =>
    api.create(
      deployment({
        namespace,
        name,
        annotations: { ...optedIn, [`${prefix}/extra-secrets`]: secrets.join(',') },
      }),
    );
  // The workload with many sources is the first by name.
  await using(
    'heavy',
    Array.from({ length: 101 }, (_, i) => `many-${i}`),
  );
  const light = Array.from({ length: 9 }, (_, i) => `light-${i}`);
  for (const name of light) await using(name, [name]);

  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  for (const name of ['heavy', ...light]) assert.equal(outcomeOf(report, name).reason, 'FirstSeen');
  const paths = proxy.seen.map(({ method, url }) => `${method} ${url}`);
  const firstOfHeavy = paths.findIndex((each) => each.includes('/secrets/many-'));
  const lastOfLight = paths.findLastIndex((each) => /^PATCH .*\/light-/.test(each));
  assert.ok(firstOfHeavy > lastOfLight, paths.join('\n'));
});
