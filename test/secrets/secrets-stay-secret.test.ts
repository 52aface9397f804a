/**
 * No command shows the value of a Secret, under any fault that could make it quote the data that it read.
 * That applies to all output, log lines of every level, Events, annotations, metrics and crash reports.
 *
 * The helpers that run wave-cron search all output for planted values (planted.ts). At the end of a test,
 * its namespace is searched too. The tests in this file only create the situations.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { path } from '../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { type Answer, type Exchange, type Fault, faultProxy } from '../faults/fault-proxy.ts';
import { garble, status, truncate } from '../faults/faults.ts';
import { optedIn, prefix, runPass } from '../handler/run-pass.ts';
import { runExplain } from '../jobs/run-explain.ts';
import { runOnce } from '../jobs/run-once.ts';
import { runProgram, startProgram } from '../jobs/run-program.ts';
import { startReceiver } from '../lib/notifications/receiver.ts';
import { assertNoLeak, plantedValue } from './planted.ts';
import { assertNoLeakIn } from './written.ts';

const { api, cluster } = testCluster();

/** Creates workloads of each kind that use planted values in every way, and most kinds of problems. */
async function stage(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  const value = plantedValue(namespace);
  const data = { pin: value, json: JSON.stringify({ value }), pem: `-----BEGIN-----\n${value}\n` };
  const key = { key: plantedValue('key'), previous: plantedValue('previous') };
  await api.create(secret({ namespace, name: 'pin', data }));
  await api.create(secret({ namespace, name: 'extra', data }));
  await api.create(secret({ namespace, name: 'hash-key', data: key, planted: false }));
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const pod = (key: string) => ({
    ...using({ configMap: 'settings' }, { secret: 'pin' }, { secret: 'pin', key }),
    volumes: [{ name: 'pin', secret: { secretName: 'pin', items: [{ key, path: 'pin' }] } }],
  });
  const annotations = { ...optedIn, [`${prefix}/extra-secrets`]: 'extra' };
  for (const make of [deployment, statefulSet, daemonSet]) {
    await api.create(make({ namespace, name: 'web', annotations, pod: pod('pin') }));
  }
  await api.create(deployment({ namespace, name: 'no-key', annotations, pod: pod('no-such-key') }));
  const first = { ...annotations, [`${prefix}/adoption`]: 'if-changed' };
  await api.create(deployment({ namespace, name: 'first', annotations: first, pod: pod('json') }));
  return namespace;
}

const change = (namespace: string, n: number) =>
  api.patch(path('Secret', namespace, 'pin'), {
    data: { pin: Buffer.from(plantedValue(`${namespace}-${n}`)).toString('base64') },
  });

const confined = (namespace: string, kubeconfig: string = cluster.kubeconfig) => [
  ...['--kubeconfig', kubeconfig, '--namespaces', namespace, '--lease-namespace', namespace],
  ...['--log-level', 'trace', '--hash-key', 'hash-key'],
];

test('every command at the most detailed log level shows no value', {
  timeout: 180_000,
}, async (t) => {
  const namespace = await stage(t);
  const run = async (args: readonly string[], expected: number) => {
    const { status, stdout, stderr } = await runProgram([...args, ...confined(namespace)]);
    assert.equal(status, expected, `${args.join(' ')}: ${stdout}${stderr}`);
    assert.notEqual(stdout, '');
  };
  await run(['check'], 0);
  await run(['check', '-o', 'json'], 0);
  await run(['plan', '--all'], 0);
  await run(['once'], 0);
  await rollouts('Deployment', namespace, 'web');
  await change(namespace, 1);
  await run(['plan', '-o', 'json'], 0);
  const web = ['deployment/web', '-n', namespace];
  await run(['explain', ...web], 0);
  await run(['once'], 0);
  await change(namespace, 2);
  await run(['explain', ...web, '-o', 'json'], 0);
  await run(['history', ...web], 0);
  await run(['history', ...web, '-o', 'json'], 0);
  await change(namespace, 3);
  await run(['once', '--rollouts-approval', 'required'], 0);
  await run(['plan', '-o', 'json', '--rollouts-approval', 'required'], 0);
  await run(['approve', ...web, '--yes'], 0);
  await run(['approve', ...web, '--yes', '--now', '-o', 'json'], 0);

  const token = plantedToken(t);
  const program = startProgram([
    'schedule',
    ...confined(namespace),
    ...['--listen', '127.0.0.1:0', '--schedule', '* * * * * *'],
    ...['--triggers-http-token-file', token.file],
  ]);
  t.after(() => program.kill('SIGKILL'));
  const { listen } = await program.logged((line) => line['listen'] !== undefined, 'listening');
  await program.logged(({ pass }) => pass === 'Completed', 'a pass');
  for (const page of ['/metrics', '/healthz', '/readyz', '/nowhere']) {
    const response = await fetch(`http://${listen}${page}`);
    assertNoLeak(page, `${JSON.stringify([...response.headers])}${await response.text()}`);
  }
  const body = JSON.stringify({ namespace: plantedValue('namespace') });
  for (const authorization of [token.value, `${token.value}x`].map((it) => `Bearer ${it}`)) {
    for (const more of [{}, { body }, { body: plantedValue('no JSON') }]) {
      const headers = { ...json, authorization };
      const sent = { method: 'POST', headers, ...more };
      const response = await fetch(`http://${listen}/trigger`, sent);
      const answer = `${JSON.stringify([...response.headers])}${await response.text()}`;
      assertNoLeak(`the answer ${response.status} to POST /trigger`, answer);
    }
  }
  writeFileSync(token.file, plantedValue('a token with spaces'));
  await fetch(`http://${listen}/trigger`, { method: 'POST' });
  await program.logged(({ msg }) => msg.startsWith('POST /trigger is off'), 'the bad token');
  const metrics = await (await fetch(`http://${listen}/metrics`)).text();
  assertNoLeak('the metrics after triggers', metrics);
  program.kill('SIGTERM');
  assert.equal((await program.ended).status, 0);
  await assertNoLeakIn(api, namespace);

  await run(['release', '--dry-run', '-o', 'json'], 0);
  await run(['release', '--yes', '--annotations'], 0);
});

/** A token for POST /trigger that no output may contain. */
function plantedToken(t: TestContext): { file: string; value: string } {
  const folder = mkdtempSync(join(tmpdir(), 'trigger-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  const value = plantedValue('token').replaceAll(/[^A-Za-z0-9]/g, '');
  writeFileSync(file, value);
  return { file, value };
}

const json = { 'content-type': 'application/json' };

test('the URLs of notifications, their files, and the responses of receivers are not shown', async (t) => {
  const namespace = await stage(t);
  const url = plantedValue('url').replaceAll(/[^A-Za-z0-9]/g, '');
  const folder = mkdtempSync(join(tmpdir(), 'sinks-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const headers = { location: `https://${url}.invalid/`, 'retry-after': url };
  const start = (status: number) =>
    startReceiver(t, { answer: () => ({ status, headers, body: url }) });
  const at = async (status: number) => `${(await start(status)).url}/${url}?token=${url}`;
  const good = await start(200);
  const sinks = [
    { format: 'slack', url: await at(500) },
    { format: 'teams', url: await at(302) },
    { format: 'google-chat', url: await at(404) },
    { format: 'json', url: `https://${url}.invalid/${url}` },
    { format: 'json', urlFile: file('no-url', url) },
    { format: 'json', urlFile: file('http', `http://example.com/${url}`) },
    { format: 'json', urlFile: file('url', good.url), secretFile: file('secret', url) },
    { format: 'json', urlFile: file('url', good.url), caFile: file('ca', url) },
    { format: 'cloudevents', urlFile: file('url', `${good.url}/${url}`) },
    { format: 'slack', url: `${good.url.replace('//', `//${url}:${url}@`)}/${url}` },
  ];
  const args = [...confined(namespace), '--notifications', JSON.stringify(sinks)];
  const [once, again] = [await runProgram(['once', ...args]), await runProgram(['once', ...args])];
  assert.deepEqual([once.status, again.status], [0, 0], once.stdout);
  const lines = once.stdout.split('\n').filter((line) => line.includes('could not be sent'));
  assert.equal(lines.length, 8, once.stdout);
  for (const output of [[], ['-o', 'json']]) {
    const checked = await runProgram(['check', '--notify', ...output, ...args]);
    assert.equal(checked.status, 1);
    assert.notEqual(checked.stdout, '');
  }
  const wrong = await runProgram([
    'once',
    ...confined(namespace),
    '--notifications',
    `[{url: ${url}`,
  ]);
  assert.deepEqual([wrong.status, wrong.stdout], [2, '']);
  // Messages contain names of sources, but no values.
  assert.equal(good.received.length, 6);
  assertNoLeak('the messages', JSON.stringify(good.received.map(({ body }) => body)));
});

/** Replaces the response of the API server. */
const changed =
  (change: (body: string, exchange: Exchange) => Answer): Fault =>
  async (exchange) => {
    const { body = '' } = await exchange.forward();
    exchange.reply(change(String(body), exchange));
  };

/** Returns the requested object with some wrong fields. */
const withFields = (fields: (object: Record<string, unknown>) => object): Fault =>
  changed((body) => {
    const object = JSON.parse(body) as Record<string, unknown>;
    return { status: 200, headers: json, body: JSON.stringify({ ...object, ...fields(object) }) };
  });

/** The values come first, because a message is truncated before it is logged. */
function valuesIn(body: string): string {
  const { data } = JSON.parse(body) as { data?: Record<string, string> };
  return JSON.stringify(data?.['planted'] ?? body);
}

const quoting = (code: number, reason: string): Fault =>
  changed((body) => status(code, reason, `data: Invalid value: ${valuesIn(body)}`));

const value = plantedValue('fault');
const encoded = Buffer.from(value).toString('base64');

const faultsOfReads: Readonly<Record<string, Fault>> = {
  'half an answer': truncate,
  'a garbled answer': garble,
  'a response that is not JSON': changed((body) => ({ status: 200, body: `${body}}` })),
  'a response that is quoted': changed((body) => ({ status: 200, body: JSON.stringify(body) })),
  'a page of a proxy': changed((body) => ({ status: 502, body: `<html>${body}</html>` })),
  null: changed(() => ({ status: 200, body: 'null' })),
  'the Secret of another name': withFields(() => ({ metadata: { name: value } })),
  'data that is a text': withFields(() => ({ data: value })),
  'data that is a list': withFields(() => ({ data: [value, encoded] })),
  'values of all types': withFields(() => ({
    data: { pin: { value }, json: [value], pem: 7, other: null, more: true },
  })),
  'binaryData that is a text': withFields(() => ({ binaryData: value })),
  'metadata of the wrong types': withFields(({ metadata }) => ({
    metadata: {
      ...(metadata as object),
      managedFields: [{ time: { value }, fieldsV1: { 'f:data': value } }, null, value],
      annotations: value,
      ownerReferences: { value },
      creationTimestamp: [value],
    },
  })),
  'metadata whose lists are not lists': withFields(({ metadata }) => ({
    metadata: { ...(metadata as object), managedFields: 7, ownerReferences: value },
  })),
};
for (const [code, reason] of [
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [409, 'Conflict'],
  [422, 'Invalid'],
  [500, 'InternalError'],
  [503, value],
] as const) {
  Object.assign(faultsOfReads, { [`a ${code} that quotes the Secret`]: quoting(code, reason) });
}

suite('no value is shown if the response to a read of a Secret is', { concurrency: 4 }, () => {
  for (const [name, fault] of Object.entries(faultsOfReads)) {
    test(name, { timeout: 120_000 }, async (t) => {
      const namespace = await stage(t);
      const proxy = await faultProxy(t);
      proxy.on('GET', /\/secrets\/pin/, fault);
      const kubeconfig = proxy.kubeconfig();
      const flags = { namespaces: namespace, 'lease.namespace': namespace };
      await runOnce(kubeconfig, { ...flags, ownership: 'off' });
      const asked = { workload: 'deployment/web', namespace, flags, kubeconfig };
      await runExplain(asked);
      await runExplain(asked, 'json');
      const withKey = await faultProxy(t);
      withKey.on('GET', /\/secrets\/hash-key/, fault);
      await runOnce(withKey.kubeconfig(), { ...flags, hashKey: 'hash-key', ownership: 'off' });
      assert.ok(proxy.seen.some(({ url }) => url.includes('/secrets/pin')));
    });
  }
});

const faultsOfWrites: Readonly<Record<string, Fault>> = {
  'a 422 that quotes the object': quoting(422, 'Invalid'),
  'a denial of an admission webhook that quotes the object': changed((body) =>
    status(
      403,
      'Forbidden',
      `admission webhook "v.example.com" denied the request: ${valuesIn(body)}`,
    ),
  ),
  'a failure of a webhook that quotes its whole request': changed((body) =>
    status(
      500,
      'InternalError',
      `Internal error occurred: failed calling webhook "v": ${valuesIn(body)}`,
    ),
  ),
  'a garbled answer': garble,
  'half an answer': truncate,
};

/** The response to a PATCH contains no values. So this uses the response to a GET of the Secret instead. */
const withSecret =
  (namespace: string, fault: Fault): Fault =>
  (exchange) =>
    fault({
      ...exchange,
      forward: async () => ({
        status: 200,
        headers: json,
        body: JSON.stringify(await api.get(path('Secret', namespace, 'pin'))),
      }),
    });

suite('no value is shown if the response to a write is', { concurrency: 4 }, () => {
  for (const [name, fault] of Object.entries(faultsOfWrites)) {
    test(name, { timeout: 120_000 }, async (t) => {
      const namespace = await stage(t);
      const proxy = await faultProxy(t);
      proxy.on('PATCH', /\/secrets\/pin/, withSecret(namespace, fault));
      const flags = { namespaces: namespace, 'lease.namespace': namespace };
      const { lines } = await runOnce(proxy.kubeconfig(), flags);
      assert.ok(lines.some(({ level }) => level === 'error' || level === 'warn'));
      proxy.on('PATCH', /\/(deployments|statefulsets|daemonsets)\/web/, fault);
      await change(namespace, 1);
      await runOnce(proxy.kubeconfig(), flags);
      await assertNoLeakIn(api, namespace);
      await runPass(namespace, { settings: { ownership: 'off' } });
    });
  }
});

const broken = pathToFileURL(join(import.meta.dirname, 'broken-hash.ts')).href;
const crashing = pathToFileURL(join(import.meta.dirname, 'crash.ts')).href;

test('a bug whose error message quotes the hashed text shows no value', {
  timeout: 120_000,
}, async (t) => {
  const namespace = await stage(t);
  const env = { NODE_OPTIONS: `--import ${broken}` };
  for (const [args, expected] of [
    [['once', '--ownership', 'off'], 1],
    [['plan'], 1],
    [['explain', 'deployment/web', '-n', namespace], 1],
  ] as const) {
    const run = await runProgram([...args, ...confined(namespace).slice(0, -2)], env);
    assert.equal(run.status, expected, run.stdout + run.stderr);
    assert.match(run.stdout + run.stderr, /unexpected TypeError: this is a bug in wave-cron/);
  }
});

test('an unhandled error whose message quotes a value does not show it', async (t) => {
  const namespace = await stage(t);
  const env = { NODE_OPTIONS: `--import ${crashing}`, TEST_CRASH_WITH: value };
  const run = await runProgram(
    ['schedule', ...confined(namespace), '--listen', '127.0.0.1:0'],
    env,
  );
  assert.equal(run.status, 1);
  assert.match(run.stderr, /^wave-cron: unexpected RangeError: this is a bug in wave-cron/m);
});
