import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NeedsFullPass } from '../../../handler/pass/named.ts';
import { pass } from '../../../handler/pass/pass.ts';
import { createApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import { createCluster } from '../../../lib/kubernetes/cluster.ts';
import { connect } from '../../../lib/kubernetes/credentials/connection.ts';
import type { WorkloadName } from '../../../lib/kubernetes/names.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { reasonsIn } from '../run-pass.ts';
import { startFleet } from './fleet.ts';

/** Runs a partial pass over these workloads of a namespace. */
async function partial(
  namespace: string,
  names: readonly string[],
  underWay: readonly string[] = [],
) {
  const { kubeconfig } = testCluster().cluster;
  const connection = await connect({ kubeconfig, context: undefined }, {});
  const api = createApiClient(connection);
  const name = (each: string): WorkloadName => ({ kind: 'Deployment', namespace, name: each });
  try {
    return await pass(
      {
        settings: { ...defaultSettings, namespaces: [namespace] },
        write: true,
        only: { workloads: names.map(name), underWay: () => underWay.map(name) },
      },
      {
        ...{ cluster: createCluster(api), traffic: api.traffic, clock: systemClock },
        identity: 'wave-cron-of-a-test',
      },
    );
  } finally {
    connection.close();
  }
}

test('a partial pass only handles the named workloads, and leaves out those that were deleted', async (t) => {
  const fleet = await startFleet(t, [{ name: 'a' }, { name: 'b' }]);
  const { namespace } = fleet;
  await fleet.change('better');
  const report = await partial(namespace, ['a', 'gone']);
  assert.deepEqual(reasonsIn(report), { 'Deployment/a': 'ConfigChanged' });
  assert.deepEqual([report.unreached, report.listProblems], [0, []]);
  assert.deepEqual(reasonsIn(await partial(namespace, ['a'])), { 'Deployment/a': 'UpToDate' });
});

interface DeploymentObject {
  readonly metadata: { readonly resourceVersion: string };
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] };
}

test('a partial pass reads the unfinished rollouts of others, as a full pass does', async (t) => {
  const fleet = await startFleet(t, [{ name: 'a' }, { name: 'b' }]);
  const { namespace } = fleet;
  await fleet.change('bad');
  await partial(namespace, ['a']);
  await testCluster().api.waitFor<DeploymentObject>(
    path('Deployment', namespace, 'a'),
    (object) =>
      object?.status?.conditions?.some(
        ({ type, status }) => type === 'Progressing' && status === 'False',
      ) === true,
    // The Deployment controller serves all tests, so it can be late.
    { what: 'the progress deadline', timeoutMs: 240_000 },
  );
  const report = await partial(namespace, ['b'], ['a', 'b']);
  assert.deepEqual(reasonsIn(report), { 'Deployment/b': 'StoppedByFailure' });
});

test('a workload with an order needs a full pass, and nothing is written', async (t) => {
  const fleet = await startFleet(t, [{ name: 'a', order: 3 }]);
  await fleet.change('better');
  const get = () =>
    testCluster().api.get<DeploymentObject>(path('Deployment', fleet.namespace, 'a'));
  const before = await get();
  await assert.rejects(partial(fleet.namespace, ['a']), NeedsFullPass);
  assert.equal((await get()).metadata.resourceVersion, before.metadata.resourceVersion);
});
