import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ReadContext } from '../../../handler/context.ts';
import { NeedsFullPass } from '../../../handler/pass/named.ts';
import { WorkloadFinder } from '../../../handler/pass/workload-finder.ts';
import { FairLimit } from '../../../lib/concurrency/fair-limit.ts';
import { createApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import { type Cluster, createCluster } from '../../../lib/kubernetes/cluster.ts';
import { connect } from '../../../lib/kubernetes/credentials/connection.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { type HashKeys, withoutKey } from '../../../lib/rules/hash/hash-keys.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { deployment } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { optedIn } from '../run-pass.ts';

/** A finder for a namespace on the control plane, with one opted-in workload and one other workload. */
async function finderIn(t: TestContext, isPartial: boolean, replaced: Partial<Cluster> = {}) {
  const namespace = await testNamespace(t);
  const { api, cluster } = testCluster();
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn }));
  await api.create(deployment({ namespace, name: 'other' }));
  const { kubeconfig } = cluster;
  const connection = await connect({ kubeconfig, context: undefined }, {});
  t.after(() => connection.close());
  const context: ReadContext = {
    ...{ clock: systemClock, annotationKeys: annotationKeysOf('wave.pusher.com') },
    cluster: { ...createCluster(createApiClient(connection)), ...replaced },
    ...{ reads: new FairLimit(4), signal: new AbortController().signal },
  };
  const settings = { ...defaultSettings, namespaces: [namespace] };
  const workloads = [{ kind: 'Deployment', namespace, name: 'web' }] as const;
  const only = isPartial ? { workloads, underWay: () => [] } : undefined;
  return new WorkloadFinder({ settings, observer: {}, only }, context);
}

for (const isPartial of [false, true]) {
  test(`a ${isPartial ? 'partial' : 'full'} pass finds the opted-in workload`, async (t) => {
    const finder = await finderIn(t, isPartial);
    const { workloads, problems } = await finder.find(Promise.resolve(withoutKey));
    assert.deepEqual(
      workloads.map(({ name }) => name),
      ['web'],
    );
    assert.deepEqual(problems, []);
  });
}

test('a partial pass reads its workloads at the same time as the hash keys', async (t) => {
  const { promise: keys, resolve } = Promise.withResolvers<HashKeys>();
  const finder = await finderIn(t, true, {
    getWorkload: async () => {
      resolve(withoutKey);
      throw new Error('read');
    },
  });
  await assert.rejects(finder.find(keys), { message: 'read' });
});

test('without a hash key, a partial pass needs a full pass, and a full pass gets the records for the key', async (t) => {
  const absent = Promise.resolve(undefined);
  await assert.rejects((await finderIn(t, true)).find(absent), NeedsFullPass);
  const { workloads } = await (await finderIn(t, false)).find(absent);
  assert.equal(workloads.length, 1);
});

test('if the hash keys cannot be read, the pass fails with that error', async (t) => {
  const finder = await finderIn(t, false);
  await assert.rejects(finder.find(Promise.reject(new Error('no key'))), { message: 'no key' });
});
