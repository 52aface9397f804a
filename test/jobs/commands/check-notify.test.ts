import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { startReceiver } from '../../lib/notifications/receiver.ts';
import { plantedValue } from '../../secrets/planted.ts';
import { runCheck } from '../run-check.ts';
import { runProgram } from '../run-program.ts';

const { cluster } = testCluster();
const secret = plantedValue('url').replaceAll(/[^A-Za-z0-9]/g, '');

async function stage(t: TestContext) {
  const namespace = await testNamespace(t);
  const receiver = await startReceiver(t);
  const bad = await startReceiver(t, { answer: () => ({ status: 404, body: secret }) });
  const notifications = JSON.stringify([
    { name: 'prod-eu', format: 'slack', url: `${receiver.url}/${secret}`, namespaces: ['x'] },
    { format: 'teams', url: `${bad.url}/${secret}` },
  ]);
  return { namespace, receiver, bad, notifications };
}

test('check --notify sends a test message to each sink, and says which messages arrived', async (t) => {
  const { namespace, receiver, bad, notifications } = await stage(t);
  const flags = { namespaces: namespace, 'lease.namespace': namespace, notifications };
  const silent = await runCheck(cluster.kubeconfig, flags);
  assert.deepEqual([silent.status, silent.ok, silent.notifications], [0, true, undefined]);
  assert.deepEqual([receiver.received.length, bad.received.length], [0, 0]);

  const checked = await runCheck(cluster.kubeconfig, flags, { notify: true });
  assert.deepEqual([checked.status, checked.ok], [1, false]);
  const why = 'the receiver does not know the URL: create a new webhook [HTTP 404]';
  assert.deepEqual(checked.notifications, [
    { sink: 'prod-eu', format: 'slack' },
    { sink: '2', format: 'teams', problem: why },
  ]);
  const problem = `the test message could not be sent to sink 2 (teams): ${why}`;
  assert.deepEqual(checked.problems, [problem]);
  const [{ body } = assert.fail()] = receiver.received;
  assert.match(body, /"wave-cron prod-eu: test message"/);
  const shown = checked.settings.find(({ path }) => path === 'notifications')?.value;
  assert.deepEqual(shown, [
    { name: 'prod-eu', format: 'slack', url: '***', namespaces: ['x'] },
    { format: 'teams', url: '***' },
  ]);
});

test('check --notify shows the same as a table', async (t) => {
  const { namespace, notifications } = await stage(t);
  const run = await runProgram([
    ...['check', '--notify', '--kubeconfig', cluster.kubeconfig, '--namespaces', namespace],
    ...['--lease-namespace', namespace, '--notifications', notifications],
  ]);
  assert.equal(run.status, 1);
  assert.match(
    run.stdout,
    /^Test messages\n {2}sink prod-eu \(slack\) +sent\n {2}sink 2 \(teams\) +NOT SENT$/m,
  );
  assert.match(
    run.stdout,
    /^1 problem\n {2}the test message could not be sent to sink 2 \(teams\): /m,
  );
});

test('check --notify without sinks is a usage error', async () => {
  const run = await runProgram(['check', '--notify', '--kubeconfig', cluster.kubeconfig]);
  assert.deepEqual([run.status, run.stdout], [2, '']);
  assert.match(run.stderr, /--notify needs sinks in the setting notifications, and there are none/);
});
