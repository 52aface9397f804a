/** The load of a pass on the API server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultSettings } from '../../lib/settings/schema.ts';
import { configMap, deployment, using } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { type FaultProxy, faultProxy } from '../faults/fault-proxy.ts';
import { status } from '../faults/faults.ts';
import { optedIn, runPass } from './run-pass.ts';

const { api } = testCluster();
const numbers = Array.from({ length: 12 }, (_, i) => i);

/** Twelve Deployments that use two ConfigMaps each. */
async function shop(t: Parameters<typeof testNamespace>[0]): Promise<string> {
  const namespace = await testNamespace(t);
  const objects = numbers.flatMap((i) => [
    configMap({ namespace, name: `a-${i}`, data: { i: `${i}` } }),
    configMap({ namespace, name: `b-${i}`, data: { i: `${i}` } }),
    deployment({
      namespace,
      name: `web-${i}`,
      annotations: optedIn,
      pod: using({ configMap: `a-${i}` }, { configMap: `b-${i}` }),
    }),
  ]);
  await Promise.all(objects.map((object) => api.create(object)));
  return namespace;
}

/** Delays each matching request a little. Returns a function with the highest number of such requests at one time. */
function countAtOnce(proxy: FaultProxy, method: string, url: RegExp): () => number {
  let now = 0;
  let most = 0;
  proxy.on(method, url, async ({ forward, reply }) => {
    now += 1;
    most = Math.max(most, now);
    await sleep(20);
    const answer = await forward();
    now -= 1;
    reply(answer);
  });
  return () => most;
}

test('the numbers of concurrent requests never exceed concurrency.reads and concurrency.writes', async (t) => {
  const namespace = await shop(t);
  const proxy = await faultProxy(t);
  const reads = countAtOnce(proxy, 'GET', /\/configmaps\//);
  const writes = countAtOnce(proxy, 'PATCH', /\/deployments\//);
  const concurrency = { ...defaultSettings.concurrency, reads: 4, writes: 2 };
  const report = await runPass(namespace, {
    kubeconfig: proxy.kubeconfig(),
    settings: { concurrency },
  });
  assert.deepEqual(report.counts, { FirstSeen: 12 });
  assert.equal(reads(), 4);
  assert.equal(writes(), 2);
});

test('if a server refuses most concurrent requests, a pass gets slower, but nothing fails', async (t) => {
  const namespace = await shop(t);
  const proxy = await faultProxy(t);
  let now = 0;
  let refused = 0;
  // API Priority and Fairness answers in this way for a priority level with one seat and no queue.
  proxy.on('GET', /\/configmaps\//, async ({ forward, reply }) => {
    if (now > 0) {
      refused += 1;
      const headers = { 'content-type': 'application/json', 'retry-after': '1' };
      return reply({ ...status(429, 'TooManyRequests', 'too many requests'), headers });
    }
    now += 1;
    await sleep(50);
    const answer = await forward();
    now -= 1;
    reply(answer);
  });
  const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
  assert.deepEqual(report.counts, { FirstSeen: 12 });
  assert.ok(refused > 12, `${refused} refused`);
});
