/**
 * The queue of rollouts on a real control plane, with Pods that become Ready or not. The queue is documented in
 * docs/rollouts.md.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Report } from '../../../lib/rules/report.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { outcomeOf, prefix } from '../run-pass.ts';
import { isDone, reasonsOf, startFleet } from './fleet.ts';

const { api } = testCluster();

const named = (count: number, more: object = {}, letter = 'w') =>
  Array.from({ length: count }, (_, i) => ({ name: `${letter}${i}`, ...more }));

suite('the queue', { skip: skipWithoutNodeAgent(), concurrency: 3 }, () => {
  test('never has more unfinished rollouts than maxConcurrent, and rolls each workload once', async (t) => {
    const fleet = await startFleet(t, named(8));
    await fleet.change('better');
    const first = await fleet.pass({ maxConcurrent: 3 });
    assert.deepEqual(reasonsOf(first), { ConfigChanged: 3, Queued: 5 });
    const waiting = first.outcomes.find(({ reason }) => reason === 'Queued');
    assert.match(
      waiting?.sentence ?? '',
      /as many rollouts are under way as rollouts\.maxConcurrent allows \(3\)/,
    );
    await fleet.passUntil(isDone, { maxConcurrent: 3 });
    await fleet.healthy();
    await fleet.rollouts.settled();
    assert.equal(fleet.rollouts.most, 3);
    assert.deepEqual(new Set(Object.values(fleet.rollouts.counts())), new Set([1]));
  });

  test('is finished in one pass within waitSeconds', async (t) => {
    const fleet = await startFleet(t, named(6));
    await fleet.change('better');
    const report = await fleet.pass({ maxConcurrent: 2, waitSeconds: 60 });
    assert.deepEqual(reasonsOf(report), { ConfigChanged: 6 });
    await fleet.healthy();
    await fleet.rollouts.settled();
    assert.ok(fleet.rollouts.most <= 2, String(fleet.rollouts.most));
  });

  test('starts a workload only when those of a lower order are healthy', async (t) => {
    const fleet = await startFleet(t, [
      { name: 'db', order: -1 },
      { name: 'api' },
      { name: 'other' },
      { name: 'web', order: 5 },
    ]);
    await fleet.change('better');
    const first = await fleet.pass();
    assert.deepEqual(reasonsOf(first), { ConfigChanged: 1, Queued: 3 });
    assert.match(
      outcomeOf(first, 'api').sentence,
      /workloads of a lower order go first, and Deployment\/db \(order -1\) is not healthy with it yet/,
    );
    await fleet.passUntil(isDone, {});
    await fleet.healthy();
    await fleet.rollouts.settled();
    const at = (name: string, what: string) =>
      fleet.rollouts.log.findIndex((each) => each.name.endsWith(name) && each.what === what);
    assert.ok(at('/db', 'end') < at('/api', 'start'));
    assert.ok(at('/api', 'end') < at('/web', 'start'));
    assert.ok(at('/other', 'end') < at('/web', 'start'));
  });

  test('gives a value with which a rollout failed to no other workload, and lets the corrected value through', async (t) => {
    const fleet = await startFleet(t, [
      ...named(6, { order: 0 }, 'a'),
      ...named(7, { order: 1 }, 'b'),
      ...named(7, { order: 2 }, 'c'),
    ]);
    const settings = { maxConcurrent: 2 };
    await fleet.change('bad');
    await fleet.pass(settings);
    const stopped = await fleet.passUntil(
      (report) => reasonsOf(report)['StoppedByFailure'] === 18,
      settings,
    );
    const told = stopped.outcomes.find(({ reason }) => reason === 'StoppedByFailure');
    assert.match(told?.sentence ?? '', /the rollout of Deployment\/a\d failed with ConfigMap\/app/);
    const got = Object.entries(fleet.rollouts.counts()).filter(([, count]) => count > 0);
    assert.equal(got.length, 2);
    assert.ok(got.every(([name]) => name.startsWith('Deployment/a')));

    await fleet.change('better');
    await fleet.passUntil(isDone, settings);
    await fleet.healthy();
    await fleet.rollouts.settled();
    assert.ok(fleet.rollouts.most <= 2, String(fleet.rollouts.most));
    assert.equal(Object.values(fleet.rollouts.counts()).filter((count) => count === 2).length, 2);
  });

  test('names the Pod that a StatefulSet with OrderedReady waits for, and the command that helps', async (t) => {
    const fleet = await startFleet(t, [
      { name: 'db', order: 0, kind: 'StatefulSet' },
      { name: 'web', order: 1 },
    ]);
    const settings = { progressDeadline: '2s' };
    await fleet.change('bad');
    await fleet.pass(settings);
    const helps = `kubectl -n ${fleet.namespace} delete pod db-0 helps`;
    const isStopped = (report: Report) => {
      const { reason, sentence } = outcomeOf(report, 'web');
      return reason === 'StoppedByFailure' && sentence.includes(helps);
    };
    await fleet.passUntil(isStopped, settings);
    await fleet.change('better');
    await fleet.pass(settings);
    await fleet.passUntil(isStopped, settings);
    assert.deepEqual(fleet.rollouts.counts(), { 'StatefulSet/db': 2, 'Deployment/web': 0 });
    await api.delete(path('Pod', fleet.namespace, 'db-0'));
    await fleet.passUntil(isDone, settings);
    await fleet.healthy();
  });

  test('gives no place to a workload whose Pods are not replaced, and does not block others because of it', async (t) => {
    const onDelete = { updateStrategy: { type: 'OnDelete' } };
    const partition = { updateStrategy: { rollingUpdate: { partition: 1 } } };
    const fleet = await startFleet(t, named(3, { order: 1 }));
    await fleet.create([
      { name: 'zero', order: 0, spec: { replicas: 0 } },
      { name: 'paused', order: 0, spec: { paused: true } },
      { name: 'deleted', order: 0, kind: 'StatefulSet', spec: onDelete },
      { name: 'held', order: 0, kind: 'StatefulSet', spec: partition },
    ]);
    await fleet.change('better');
    await fleet.passUntil(isDone, { maxConcurrent: 1 });
    assert.deepEqual(new Set(Object.values(fleet.rollouts.counts())), new Set([1]));
  });

  test('does not blame a good value for a workload that was failing before it got it', async (t) => {
    const fleet = await startFleet(t, named(4));
    await fleet.change('bad');
    const settings = { maxConcurrent: 1 };
    const first = await fleet.pass(settings);
    const failing = first.outcomes.find(({ reason }) => reason === 'ConfigChanged')?.name ?? '';
    await fleet.passUntil((report) => reasonsOf(report)['StoppedByFailure'] === 3, settings);
    // Another source, with a good value, changes for this workload and for one that never got the bad value.
    await api.patch(
      path('Deployment', fleet.namespace, failing),
      { metadata: { annotations: { [`${prefix}/extra-configmaps`]: 'other' } } },
      'merge',
    );
    await api.create({
      ...{ apiVersion: 'v1', kind: 'ConfigMap' },
      ...{ metadata: { namespace: fleet.namespace, name: 'other' }, data: { b: '1' } },
    });
    await fleet.pass(settings);
    await fleet.change('better');
    await fleet.passUntil(isDone, settings);
    await fleet.healthy();
  });
});
