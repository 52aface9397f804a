import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import type { ConnectionBounds } from '../../../jobs/cli/connections.ts';
import { BearerToken } from '../../../jobs/serve/bearer-token.ts';
import { plain, serve } from '../../../jobs/serve/http-server.ts';
import { triggerPage } from '../../../jobs/serve/trigger.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { EarlyPasses, type EarlyScope } from '../../../lib/schedule/early-passes.ts';
import type { TriggerResult } from '../../../lib/telemetry/trigger-metrics.ts';

const right = 'a-right-token-of-24-bytes';
const authorized = { authorization: `Bearer ${right}` };
const json = { ...authorized, 'content-type': 'application/json' };

async function triggering(t: Pick<TestContext, 'after'>, bounds?: ConnectionBounds) {
  const folder = mkdtempSync(join(tmpdir(), 'trigger-'));
  const file = join(folder, 'token');
  writeFileSync(file, right);
  const early = new EarlyPasses({ clock: systemClock });
  const scopes: EarlyScope[] = [];
  const results: TriggerResult[] = [];
  const stopping = new AbortController();
  const logged: string[] = [];
  const page = triggerPage({
    token: new BearerToken(file),
    early: {
      request: (scope) => {
        scopes.push(scope);
        return early.request(scope);
      },
    },
    metrics: { requested: (result) => results.push(result), passStarted: () => undefined },
    log: pino({ level: 'debug' }, { write: (line: string) => logged.push(line) }),
    signal: stopping.signal,
  });
  const pages = { get: { '/healthz': () => plain(200, 'ok') }, post: { '/trigger': page } };
  const server = await serve('127.0.0.1:0', pages, bounds);
  t.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const { address } = server;
  const post = async (headers: Record<string, string>, body?: string | ReadableStream) => {
    const more = body === undefined ? {} : { body, duplex: 'half' as const };
    const response = await fetch(`http://${address}/trigger`, { method: 'POST', headers, ...more });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { address, file, early, scopes, results, logged, post, stop: () => stopping.abort() };
}

/** Sends these texts, and returns everything that the server sends until it ends the connection. */
async function raw(t: TestContext, address: string, texts: readonly string[]): Promise<string> {
  const [host = '', port] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (const each of texts) {
    socket.write(each);
    await pause(20);
  }
  await closed;
  return text;
}

test('a request with the token is accepted, and the response says when its pass starts', async (t) => {
  const { post, early, results } = await triggering(t);
  const first = await post(authorized);
  assert.equal(first.status, 202);
  assert.equal(first.headers.get('content-type'), 'application/json');
  assert.deepEqual(JSON.parse(first.text), {
    when: 'now',
    gathered: false,
    message: 'a pass starts now',
  });
  early.begin(true);
  assert.equal(
    JSON.parse((await post(authorized)).text).message,
    'a pass starts when the running one has ended',
  );
  early.end('done');
  const { when, gathered, inMs, message } = JSON.parse((await post(authorized)).text);
  assert.deepEqual([when, gathered], ['later', true]);
  assert.ok(message.startsWith(`a pass starts in ${inMs} ms: requests start at most one pass`));
  assert.deepEqual(results, ['Accepted', 'Accepted', 'Gathered']);
});

test('without the token, nothing is read and no pass is requested', async (t) => {
  const { post, address, scopes, results } = await triggering(t);
  for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic x' }]) {
    const { status, headers: sent, text } = await post(headers, 'x'.repeat(100_000));
    assert.deepEqual([status, sent.get('www-authenticate')], [401, 'Bearer realm="wave-cron"']);
    assert.equal(text, 'the header authorization needs the bearer token of wave-cron\n');
  }
  const head = 'POST /trigger HTTP/1.1\r\nhost: a\r\ncontent-length: 60000\r\n\r\n';
  assert.match(await raw(t, address, [head]), /^HTTP\/1\.1 401 /);
  assert.deepEqual([scopes, new Set(results)], [[], new Set(['Unauthorized'])]);
});

test('/trigger supports only POST, and no other path does', async (t) => {
  const { address } = await triggering(t);
  const ask = async (path: string, method: string) => {
    const { status, headers } = await fetch(`http://${address}${path}`, { method });
    return [status, headers.get('allow')];
  };
  assert.deepEqual(await ask('/trigger', 'GET'), [405, 'POST']);
  assert.deepEqual(await ask('/trigger', 'PUT'), [405, 'POST']);
  assert.deepEqual(await ask('/healthz', 'POST'), [405, 'GET, HEAD']);
  assert.deepEqual(await ask('/other', 'GET'), [404, null]);
});

test('the body names the changed objects', async (t) => {
  const { post, scopes } = await triggering(t);
  const reference = { kind: 'ConfigMap', namespace: 'a', name: 'b' };
  const event = { specversion: '1.0', data: { involvedObject: reference } };
  const types = ['application/json; charset=utf-8', 'application/cloudevents+json'];
  for (const type of types) {
    const body = JSON.stringify(type === types[0] ? reference : event);
    assert.equal((await post({ ...authorized, 'content-type': type }, body)).status, 202);
  }
  assert.equal((await post(json, '{}')).status, 202);
  const source = {
    sources: new Set(['ConfigMap/a/b']),
    namespaces: new Set(),
    workloads: new Set(),
  };
  assert.deepEqual(scopes, [source, source, 'all']);
});

test('a body that arrives in pieces is read, and no request after it', async (t) => {
  const { address, scopes } = await triggering(t);
  const body = JSON.stringify({ namespace: 'a', more: 'x'.repeat(30_000) });
  const head = `POST /trigger HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${right}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const middle = body.length / 2;
  const next = `POST /trigger HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${right}\r\n\r\n`;
  for (const texts of [
    [head + body + next.repeat(1000)],
    [head, body + next],
    [head.slice(0, 30), head.slice(30) + body.slice(0, middle), body.slice(middle) + next],
  ]) {
    const text = await raw(t, address, texts);
    assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1);
    assert.match(text, /^HTTP\/1\.1 202 /);
  }
  assert.equal(scopes.length, 3);
});

test('a client that sends Expect: 100-continue gets the permission to send its body', async (t) => {
  const { address } = await triggering(t);
  const head = `POST /trigger HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${right}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n`;
  assert.match(await raw(t, address, [head, '{}']), /^HTTP\/1\.1 100 [\s\S]*HTTP\/1\.1 202 /);
});

for (const [what, headers, body, status, text] of [
  ['too large', json, 'x'.repeat(65_537), 413, 'the body may have at most 65536 bytes'],
  [
    'of another type',
    { ...authorized, 'content-type': 'text/plain' },
    '{}',
    415,
    'the body must be application/json or application/cloudevents+json',
  ],
  ['not JSON', json, '{"namespace":', 400, 'the body is not JSON'],
  ['deeply nested', json, '['.repeat(65_000), 400, 'the body is not JSON'],
  ['a list', json, '[]', 400, 'the body must be a JSON object'],
  ['invalid', json, '{"namespace":"A"}', 400, 'namespace must be the name of a namespace'],
] as const) {
  test(`a body that is ${what} is rejected with ${status}, and requests nothing`, async (t) => {
    const { post, scopes, results } = await triggering(t);
    const answer = await post({ ...headers }, body);
    assert.deepEqual([answer.status, answer.text], [status, `${text}\n`]);
    assert.deepEqual([scopes, results], [[], ['Invalid']]);
  });
}

test('a body without a length is rejected with 411', async (t) => {
  const { post } = await triggering(t);
  const { status } = await post(json, new Blob(['{}']).stream());
  assert.equal(status, 411);
});

test('a body that never arrives ends with its connection, and requests nothing', async (t) => {
  const { address, scopes, results } = await triggering(t, { most: 100, lifeMs: 200 });
  const head = `POST /trigger HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${right}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`;
  assert.equal(await raw(t, address, [head]), '');
  while (results.length === 0) await pause(5);
  assert.deepEqual([scopes, results], [[], ['Invalid']]);
});

test('while its token cannot be read it answers 503, and logs that once', async (t) => {
  const { post, file, logged, results } = await triggering(t);
  writeFileSync(file, 'short');
  for (let each = 0; each < 3; each += 1) assert.equal((await post(authorized)).status, 503);
  const lines = () => logged.filter((line) => !line.includes('"trigger":'));
  assert.equal(lines().length, 1);
  assert.match(
    lines()[0] ?? '',
    /POST \/trigger is off until its token can be read: .*token has a token of less/,
  );
  writeFileSync(file, right);
  assert.equal((await post(authorized)).status, 202);
  assert.match(lines()[1] ?? '', /is on again/);
  assert.deepEqual(results, ['Unavailable', 'Unavailable', 'Unavailable', 'Accepted']);
});

test('while wave-cron stops it answers 503', async (t) => {
  const { post, stop, scopes } = await triggering(t);
  stop();
  const { status, text } = await post(authorized);
  assert.deepEqual([status, text], [503, 'stopping: no further pass starts\n']);
  assert.deepEqual(scopes, []);
});

test('nothing of a request is logged, and no token', async (t) => {
  const { post, logged } = await triggering(t);
  await post({ ...json, 'x-secret': 'in-a-header' }, '{"namespace":"in-the-body"}');
  await post({ authorization: 'Bearer in-a-wrong-token' });
  assert.equal(logged.length, 2);
  assert.doesNotMatch(logged.join(), new RegExp(`${right}|in-a-header|in-the-body|wrong-token`));
});
