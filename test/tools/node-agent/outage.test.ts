import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { path } from '../../../tools/control-plane/api.ts';
import { connect } from '../../../tools/control-plane/cluster-folder.ts';
import { startControlPlane } from '../../../tools/control-plane/control-plane.ts';
import { startNodeAgent } from '../../../tools/node-agent/node-agent.ts';
import type { Pod } from '../../../tools/node-agent/pod.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import {
  containerStatus,
  isReady,
  podOf,
  templateOf,
  testImages,
} from '../../../tools/node-agent/testing.ts';

suite('while the API server is away', { skip: skipWithoutNodeAgent() }, () => {
  test('Pods keep running, their status is written when it is back, and the agent can be stopped', async (t) => {
    const controlPlane = await startControlPlane();
    t.after(() => controlPlane.stop());
    const api = connect(controlPlane);
    const namespace = 'default';
    const agent = await startNodeAgent({
      ...{ cluster: controlPlane, namespaces: [namespace], images: testImages },
    });
    const pod = path('Pod', namespace, 'pod');
    await api.create(podOf(namespace, 'pod', templateOf(['serve'])));
    await api.waitFor<Pod>(pod, isReady);

    await controlPlane.stopApiServer();
    const runs = () => agent.logs(namespace, 'pod').split('serving').length - 1;
    await until(() => runs() === 1);
    agent.kill(namespace, 'pod');
    await until(() => runs() === 2);
    assert.equal((await agent.get(namespace, 'pod', 8080, '/')).status, 200);

    await controlPlane.startApiServer();
    await api.waitFor<Pod>(pod, (it) => isReady(it) && containerStatus(it)?.restartCount === 1);

    await controlPlane.stopApiServer();
    await agent.stop();
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 400 && !isTrue(); attempt++) await sleep(25);
  assert.ok(isTrue(), String(isTrue));
}
