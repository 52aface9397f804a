import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { path } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { outcomeOf } from '../run-pass.ts';
import { ownershipStage, usingOptional } from './stage.ts';

const { api } = testCluster();

// The random walk found this case: both workloads had read the source while it had the reference to
// kube-system.
test('if one workload stops using a source and another one starts to in the same pass, the source keeps the reference to kube-system', async (t) => {
  const stage = await ownershipStage(t);
  await stage.source('ConfigMap', 'settings');
  await stage.workload('Deployment', 'giver', usingOptional({ configMaps: ['settings'] }));
  await stage.pass();
  await stage.workload('Deployment', 'taker', usingOptional({ configMaps: ['settings'] }));
  const optOut = {
    metadata: { annotations: { 'wave.pusher.com/update-on-config-change': 'false' } },
  };
  await api.patch(path('Deployment', stage.namespace, 'giver'), optOut);

  const proxy = await faultProxy(t);
  let given = false;
  proxy.on('PATCH', /\/configmaps\/settings/, async ({ body, forward, reply }) => {
    const isGiven = body.toString('utf8').includes('$patch');
    // The write of the taker always comes second, however fast the machine is.
    for (let waited = 0; !isGiven && !given && waited < 200; waited += 1) await sleep(25);
    reply(await forward());
    given ||= isGiven;
  });
  const report = await stage.pass({}, { kubeconfig: proxy.kubeconfig() });
  assert.deepEqual(outcomeOf(report, 'giver').ownership?.referencesRemoved, ['ConfigMap/settings']);
  assert.deepEqual(outcomeOf(report, 'taker').ownership?.referencesAdded, ['ConfigMap/settings']);
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), ['Deployment/taker', 'Namespace']);
});
