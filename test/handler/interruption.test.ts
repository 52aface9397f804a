import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PassObserver } from '../../handler/pass/pass.ts';
import { isComplete } from '../../lib/rules/report.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { configMap, statefulSet, using } from '../../tools/control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { faultProxy } from '../faults/fault-proxy.ts';
import { before, hang, status } from '../faults/faults.ts';
import { eventsAbout, optedIn, reasonsIn, runPass, templateAnnotations } from './run-pass.ts';

const { api } = testCluster();

/**
 * Without an interruption, some waits here would last a minute. The timeout makes the test fail
 * earlier.
 */
const noWaiting = { timeout: 30_000 };

const names = ['a', 'b', 'c', 'd', 'e', 'f'];

async function stage(t: TestContext) {
  const namespace = await testNamespace(t);
  const proxy = await faultProxy(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const pod = using({ configMap: 'settings' });
  for (const name of names)
    await api.create(statefulSet({ namespace, name, annotations: optedIn, pod }));
  await Promise.all(names.map((name) => rollouts('StatefulSet', namespace, name)));
  const stop = new AbortController();
  const writes = () =>
    proxy.seen
      .filter(({ method }) => method !== 'GET')
      .map(({ method, url }) => `${method} ${url.replace(/^.*\/|\?.*$/g, '')}`);
  const run = (settings: Partial<Settings> = {}, observer: PassObserver = {}) =>
    runPass(namespace, {
      kubeconfig: proxy.kubeconfig(),
      signal: stop.signal,
      observer,
      settings: { concurrency: { reads: 16, writes: 1 }, ...settings },
    });
  return { namespace, proxy, stop, writes, run };
}

test(
  'a pass that is interrupted finishes and reports its current write, begins no other, and says how much is left',
  noWaiting,
  async (t) => {
    const { namespace, proxy, stop, writes, run } = await stage(t);
    const tell = async () => stop.abort();
    proxy.on('PATCH', /\/statefulsets\/b\?/, before(tell));
    const report = await run();
    assert.equal(report.pass, 'Interrupted');
    assert.equal(report.sentence, 'stop requested');
    assert.equal(isComplete(report), false);
    assert.equal(
      writes()
        .filter((write) => !write.endsWith('events'))
        .at(-1),
      'PATCH b',
    );
    const told = await eventsAbout(namespace, 'b');
    assert.deepEqual([told.map(({ reason }) => reason), report.eventsLost], [['FirstSeen'], 0]);
    const reached = reasonsIn(report);
    assert.equal(reached['StatefulSet/b'], 'FirstSeen');
    assert.equal(report.unreached, names.length - Object.keys(reached).length);
    for (const name of names) {
      const annotations = await templateAnnotations(namespace, name, 'StatefulSet');
      assert.equal(
        Object.keys(annotations).length > 0,
        `StatefulSet/${name}` in reached,
        `${name} is written if and only if the report says so`,
      );
    }

    const next = reasonsIn(await runPass(namespace));
    for (const name of names) {
      const reason = `StatefulSet/${name}` in reached ? 'UpToDate' : 'FirstSeen';
      assert.equal(next[`StatefulSet/${name}`], reason);
      assert.equal(await rollouts('StatefulSet', namespace, name), 2);
    }
  },
);

test('a pass that is interrupted while it reads writes nothing', noWaiting, async (t) => {
  const { proxy, stop, writes, run } = await stage(t);
  proxy.on('GET', /\/configmaps\//, () => stop.abort());
  const report = await run();
  assert.deepEqual([report.pass, report.unreached], ['Interrupted', names.length]);
  assert.deepEqual(report.outcomes, []);
  assert.deepEqual(writes(), []);
});

test('a pass that is interrupted while it lists has nothing to report', noWaiting, async (t) => {
  const { proxy, stop, writes, run } = await stage(t);
  proxy.on('GET', /\/statefulsets\?/, () => stop.abort());
  const report = await run();
  assert.deepEqual([report.pass, report.unreached], ['Interrupted', 0]);
  assert.deepEqual(report.listProblems, []);
  assert.deepEqual(writes(), []);
});

test('a pass that is interrupted before it begins sends no request', noWaiting, async (t) => {
  const { proxy, stop, run } = await stage(t);
  stop.abort();
  assert.equal((await run()).pass, 'Interrupted');
  assert.deepEqual(proxy.seen, []);
});

test('a pass that is interrupted does not wait to try a read again', noWaiting, async (t) => {
  const { proxy, stop, writes, run } = await stage(t);
  const busy = { ...status(429, 'TooManyRequests', 'busy'), headers: { 'retry-after': '60' } };
  proxy.on('GET', /\/configmaps\//, ({ reply }) => {
    reply(busy);
    setTimeout(() => stop.abort(), 100);
  });
  const report = await run();
  assert.deepEqual([report.pass, report.unreached], ['Interrupted', names.length]);
  assert.deepEqual(writes(), []);
});

test(
  'a pass that is interrupted does not wait to try a write again, and reports why the write failed',
  noWaiting,
  async (t) => {
    const { proxy, stop, writes, run } = await stage(t);
    const busy = { ...status(429, 'TooManyRequests', 'busy'), headers: { 'retry-after': '60' } };
    proxy.on('PATCH', /\/statefulsets\//, ({ reply }) => {
      reply(busy);
      setTimeout(() => stop.abort(), 100);
    });
    const report = await run();
    assert.equal(report.pass, 'Interrupted');
    assert.deepEqual(writes(), ['PATCH a']);
    assert.deepEqual(
      report.outcomes.map(({ name, reason, sentence }) => [name, reason, sentence]),
      [['a', 'Failed', 'the hash could not be written: busy [HTTP 429]']],
    );
    assert.equal(report.unreached, names.length - 1);
  },
);

test('a pass that is interrupted after a conflict does not try again', noWaiting, async (t) => {
  const { proxy, stop, writes, run } = await stage(t);
  proxy.on('PATCH', /\/statefulsets\//, ({ reply }) => {
    reply(status(409, 'Conflict', 'changed'));
    stop.abort();
  });
  const report = await run();
  assert.deepEqual([report.pass, report.unreached], ['Interrupted', names.length]);
  assert.deepEqual(writes(), ['PATCH a']);
});

test('a pass that takes longer than passTimeoutSeconds is cut short', noWaiting, async (t) => {
  const { proxy, writes, run } = await stage(t);
  proxy.on('GET', /\/configmaps\//, hang);
  const report = await run({ passTimeoutSeconds: 1 });
  assert.deepEqual(
    [report.pass, report.sentence, report.unreached],
    ['Interrupted', 'it took longer than passTimeoutSeconds, 1 s', names.length],
  );
  assert.deepEqual(writes(), []);
});

test(
  'a workload that is handled before a pass is cut short stays handled',
  noWaiting,
  async (t) => {
    const { namespace, proxy, stop, run } = await stage(t);
    const pod = using({ configMap: 'slow' });
    await api.create(configMap({ namespace, name: 'slow' }));
    await api.create(statefulSet({ namespace, name: 'slow', annotations: optedIn, pod }));
    proxy.on('GET', /\/configmaps\/slow$/, hang);
    let handled = 0;
    const outcome = () => {
      handled += 1;
      if (handled === names.length) stop.abort();
    };
    const report = await run({}, { outcome });
    assert.deepEqual([report.pass, report.unreached], ['Interrupted', 1]);
    assert.deepEqual(
      reasonsIn(report),
      Object.fromEntries(names.map((name) => [`StatefulSet/${name}`, 'FirstSeen'])),
    );
  },
);
