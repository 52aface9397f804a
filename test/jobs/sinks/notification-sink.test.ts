import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { createAuthority } from '../../../tools/control-plane/certificates.ts';
import { startPushgateway } from '../../../tools/control-plane/pushgateway.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { status } from '../../faults/faults.ts';
import { type Answer, type Receiver, startReceiver } from '../../lib/notifications/receiver.ts';
import { plantedValue } from '../../secrets/planted.ts';
import { type Once, runOnce } from '../run-once.ts';
import { type LogLine, logLines, runProgram, startProgram } from '../run-program.ts';
import { shop } from '../shop.ts';

const { api, cluster } = testCluster();

type Sink = Readonly<Record<string, unknown>>;

const flagsOf = (namespace: string, sinks: readonly Sink[], more = {}) => ({
  ...{ namespaces: namespace, 'lease.namespace': namespace },
  notifications: JSON.stringify(sinks),
  ...more,
});

function once(
  namespace: string,
  sinks: readonly Sink[],
  { kubeconfig = cluster.kubeconfig, more = {} } = {},
): Promise<Once> {
  return runOnce(kubeconfig, flagsOf(namespace, sinks, more));
}

type Message = { counts: Record<string, number>; workloads: Record<string, unknown>[] };

/** Returns the messages that arrived since the last call. */
const takeMessages = ({ received }: Receiver): Message[] =>
  received.splice(0).map(({ body }) => JSON.parse(body) as Message);

const countsOf = (receiver: Receiver) => takeMessages(receiver).map(({ counts }) => counts);

const change = (namespace: string, level: string) =>
  api.patch(path('ConfigMap', namespace, 'settings'), { data: { level } });

suite('the messages of passes', { concurrency: true }, () => {
  test('say what happened in the pass, once, and nothing if nothing did', async (t) => {
    const namespace = await shop(t);
    const receiver = await startReceiver(t);
    const sinks = [{ format: 'json', url: receiver.url }];
    assert.equal((await once(namespace, sinks)).status, 0);
    const [first, ...others] = takeMessages(receiver);
    assert.deepEqual(others, []);
    assert.deepEqual(first?.counts, { FirstSeen: 1, MissingSource: 1 });
    assert.deepEqual(
      first?.workloads.map(({ name, reason }) => [name, reason]),
      [
        ['lost', 'MissingSource'],
        ['web', 'FirstSeen'],
      ],
    );
    // The source is still missing, and the same Event continues.
    for (const _ of [1, 2]) assert.equal((await once(namespace, sinks)).status, 0);
    assert.deepEqual(takeMessages(receiver), []);

    await change(namespace, 'debug');
    await once(namespace, sinks);
    const [changed] = takeMessages(receiver);
    assert.deepEqual(changed?.counts, { ConfigChanged: 1 });
    assert.deepEqual(changed?.workloads[0]?.['sources'], ['ConfigMap/settings']);
  });

  test('name a hold when it begins, when another one replaces it, and when the change is written', async (t) => {
    const namespace = await shop(t);
    const receiver = await startReceiver(t);
    const sinks = [{ format: 'json', url: receiver.url }];
    await once(namespace, sinks);
    await change(namespace, 'debug');
    takeMessages(receiver);
    const until = '2099-01-01T00:00:00Z';
    const paused = { more: { 'rollouts.paused': until } };
    for (const _ of [1, 2, 3]) await once(namespace, sinks, paused);
    const [hold, ...others] = takeMessages(receiver);
    assert.deepEqual([hold?.counts, others], [{ Paused: 1 }, []]);
    assert.equal(hold?.workloads[0]?.['heldUntil'], until);
    for (const _ of [1, 2]) {
      await once(namespace, sinks, { more: { 'rollouts.approval': 'required' } });
    }
    assert.deepEqual(countsOf(receiver), [{ AwaitingApproval: 1 }]);
    await once(namespace, sinks);
    assert.deepEqual(countsOf(receiver), [{ ConfigChanged: 1 }]);
  });

  test('name a workload twice if its warning is new in the pass that rolls it', async (t) => {
    const namespace = await shop(t);
    const receiver = await startReceiver(t);
    const proxy = await faultProxy(t);
    proxy.on('PATCH', /\/configmaps\/settings/, ({ reply }) =>
      reply(status(422, 'Invalid', 'no owners here')),
    );
    const settings = { kubeconfig: proxy.kubeconfig(), more: { ownership: 'references' } };
    const sinks = [{ format: 'json', url: receiver.url }];
    await once(namespace, sinks, settings);
    const both = { FirstSeen: 1, OwnershipLimited: 1, MissingSource: 1 };
    assert.deepEqual(countsOf(receiver), [both]);
    // Without the rollout, the warning has another sentence. So it is another Event, which is sent once.
    for (const _ of [1, 2, 3]) await once(namespace, sinks, settings);
    assert.deepEqual(countsOf(receiver), [{ OwnershipLimited: 1 }]);
  });

  test('omit a warning if its Event cannot be recorded, because each pass would send it again', async (t) => {
    const namespace = await shop(t);
    const receiver = await startReceiver(t);
    const proxy = await faultProxy(t);
    proxy.on('POST', /\/events/, ({ reply }) => reply(status(403, 'Forbidden', 'no events')));
    const sinks = [{ format: 'json', url: receiver.url }];
    for (const _ of [1, 2]) await once(namespace, sinks, { kubeconfig: proxy.kubeconfig() });
    assert.deepEqual(countsOf(receiver), [{ FirstSeen: 1 }]);
    await once(namespace, sinks);
    assert.deepEqual(countsOf(receiver), [{ MissingSource: 1 }]);
  });

  test('go to a sink whose URL is in a file, and to the new URL after a rotation', async (t) => {
    const namespace = await shop(t);
    const [old, rotated] = [await startReceiver(t), await startReceiver(t)];
    const folder = mkdtempSync(join(tmpdir(), 'sink-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const urlFile = join(folder, 'url');
    writeFileSync(urlFile, `${old.url}\n`);
    const program = startProgram([
      'schedule',
      ...['--kubeconfig', cluster.kubeconfig, '--namespaces', namespace],
      ...['--lease-namespace', namespace, '--listen', '127.0.0.1:0', '--resync-interval', '1s'],
      ...['--log-level', 'debug', '--notifications', JSON.stringify([{ format: 'json', urlFile }])],
    ]);
    t.after(() => program.kill('SIGKILL'));
    const sent = (times: number) =>
      program.logged(
        () => program.log().filter(({ msg }) => /went to sink 1/.test(msg)).length === times,
        `${times} messages`,
      );
    await sent(1);
    writeFileSync(urlFile, rotated.url);
    await change(namespace, 'debug');
    await sent(2);
    assert.deepEqual([countsOf(old).length, countsOf(rotated)], [1, [{ ConfigChanged: 1 }]]);
    program.kill('SIGTERM');
    assert.equal((await program.ended).status, 0);
  });
});

const secret = plantedValue('url').replaceAll(/[^A-Za-z0-9]/g, '');

suite('a sink that fails does not change the result of a pass', { concurrency: true }, () => {
  const failing = (answer: Answer | undefined) => async (t: TestContext) =>
    (await startReceiver(t, { answer: () => answer })).url;
  const location = `http://127.0.0.1:1/${secret}`;
  const sinks: readonly (readonly [string, (t: TestContext) => Promise<string>, RegExp])[] = [
    ['is down', async () => 'http://127.0.0.1:1', /connection refused/],
    ['is slow', failing(undefined), /no response in time/],
    ['answers 500', failing({ status: 500, body: secret }), /returned an error \[HTTP 500\]$/],
    ['redirects', failing({ status: 307, headers: { location } }), /redirected .* \[HTTP 307\]$/],
    [
      'has a bad certificate',
      async (t) => (await startReceiver(t, { authority: createAuthority() })).url,
      /the certificate of the receiver is not accepted/,
    ],
  ];
  for (const [what, start, problem] of sinks) {
    test(`if it ${what}: it is one line, and the pass ends with its own status`, {
      timeout: 60_000,
    }, async (t) => {
      const namespace = await shop(t);
      const good = await startReceiver(t);
      const url = `${await start(t)}/${secret}`;
      const { status: exit, lines } = await once(namespace, [
        { format: 'slack', url },
        { format: 'json', url: good.url },
      ]);
      assert.equal(exit, 0);
      const warnings = lines.filter(({ msg }) => msg.includes('sink 1 (slack)'));
      assert.equal(warnings.length, 1);
      assert.equal(warnings[0]?.level, 'warn');
      assert.match(warnings[0]?.msg ?? '', problem);
      assert.equal(countsOf(good).length, 1);
    });
  }

  test('even if the pass itself fails', async (t) => {
    const namespace = await shop(t);
    const kubeconfig = cluster.kubeconfigFor({ token: 'wrong' });
    const sinks = [{ format: 'slack', url: `http://127.0.0.1:1/${secret}` }];
    assert.equal((await once(namespace, sinks, { kubeconfig })).status, 3);
    const proxy = await faultProxy(t);
    proxy.on('GET', /\/configmaps\/settings/, ({ reply }) => reply(status(403, 'Forbidden', 'no')));
    const { status: exit, lines } = await once(namespace, sinks, {
      kubeconfig: proxy.kubeconfig(),
    });
    assert.equal(exit, 1);
    assert.equal(lines.filter(({ msg }) => msg.includes('sink 1 (slack)')).length, 1);
  });

  test('a slow sink does not delay the next scheduled pass', { timeout: 60_000 }, async (t) => {
    const namespace = await shop(t);
    const { url } = await startReceiver(t, { answer: () => undefined });
    const program = startProgram([
      'schedule',
      ...['--kubeconfig', cluster.kubeconfig, '--namespaces', namespace],
      ...['--lease-namespace', namespace, '--listen', '127.0.0.1:0', '--resync-interval', '1s'],
      ...['--notifications', JSON.stringify([{ format: 'slack', url }])],
    ]);
    t.after(() => program.kill('SIGKILL'));
    const isPass = (line: LogLine) => line['pass'] === 'Completed';
    await program.logged(() => program.log().filter(isPass).length === 2, 'a second pass');
    assert.ok(!program.log().some(({ msg }) => /sink 1/.test(msg)), 'the message still waits');
    program.kill('SIGTERM');
    const { status: exit, stdout } = await program.ended;
    assert.equal(exit, 0);
    const lost = logLines(stdout).filter(({ msg }) => /could not be sent to sink 1/.test(msg));
    assert.equal(lost.length, 1);
  });
});

test('messages are counted by sink and outcome, and a push has the count of its own pass', async (t) => {
  const namespace = await shop(t);
  const gateway = await startPushgateway();
  t.after(() => gateway.end());
  const { url } = await startReceiver(t);
  const sinks = [
    { format: 'json', url, name: 'good' },
    { format: 'slack', url: `http://127.0.0.1:1/${secret}` },
    { format: 'teams', url, reasons: ['Queued'] },
  ];
  const args = Object.entries(flagsOf(namespace, sinks)).flatMap(([name, value]) => [
    `--${name.replace('.', '-')}`,
    value,
  ]);
  const push = ['--kubeconfig', cluster.kubeconfig, '--metrics-push-url', gateway.url];
  const { status: exit, stdout } = await runProgram(['once', ...args, ...push]);
  assert.equal(exit, 0, stdout);
  const text = await gateway.text();
  const count = (labels: Record<string, string>) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('wave_cron_notifications_total{'))
      .find((line) => Object.entries(labels).every(([k, v]) => line.includes(`${k}="${v}"`)))
      ?.split(' ')
      .at(-1);
  const lease = { lease: 'wave-cron', namespace };
  assert.equal(count({ ...lease, sink: 'good', format: 'json', outcome: 'Sent' }), '1');
  assert.equal(count({ ...lease, sink: 'good', format: 'json', outcome: 'Failed' }), '0');
  assert.equal(count({ ...lease, sink: '2', format: 'slack', outcome: 'Failed' }), '1');
  assert.equal(count({ ...lease, sink: '3', format: 'teams', outcome: 'Sent' }), '0');
});

test('a plan sends nothing', async (t) => {
  const namespace = await shop(t);
  const { url, received } = await startReceiver(t);
  const { status: exit } = await runProgram([
    ...['plan', '--kubeconfig', cluster.kubeconfig, '--namespaces', namespace],
    ...['--notifications', JSON.stringify([{ format: 'json', url }])],
  ]);
  assert.deepEqual([exit, received.length], [0, 0]);
});
