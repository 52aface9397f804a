/** Messages to local receivers, with TLS and proxies. Only the clock is simulated. */
import assert from 'node:assert/strict';
import { createServer as createTcpServer } from 'node:net';
import { suite, type TestContext, test } from 'node:test';
import { WaveCronError } from '../../../lib/errors.ts';
import { type DeliveryDeps, deliver, deliveryMs } from '../../../lib/notifications/deliver.ts';
import type { Target } from '../../../lib/notifications/target.ts';
import type { Clock } from '../../../lib/schedule/clock.ts';
import { createAuthority } from '../../../tools/control-plane/certificates.ts';
import { assertNoLeak, plantedValue } from '../../secrets/planted.ts';
import { listen, proxies } from '../http/local-servers.ts';
import { startReceiver } from './receiver.ts';

const secret = plantedValue('url').replaceAll(/[^A-Za-z0-9]/g, '');
const authority = createAuthority();
const body = { contentType: 'application/json; charset=utf-8', text: '{"text":"\u00e4"}' };

/** A clock that only advances when the code under test waits. */
function waitingClock(): Clock & { waits: number[] } {
  let now = 0;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    async sleep(ms) {
      waits.push(ms);
      now += ms;
    },
    wallTime: () => new Date('2026-11-30T10:00:00Z'),
  };
}

const depsOf = (more: Partial<DeliveryDeps> = {}): DeliveryDeps => ({
  clock: waitingClock(),
  random: () => 0,
  environment: {},
  stopRetrying: new AbortController().signal,
  ...more,
});

const send = (target: Partial<Target> & { url: string }, deps = depsOf()) =>
  deliver({ key: undefined, ca: undefined, ...target }, 'id-1', body, deps);

/** The error of a failed message. Fails if it contains any part of the URL or of the response. */
async function problemOf(sent: Promise<void>): Promise<string> {
  try {
    await sent;
  } catch (error) {
    assert.ok(error instanceof WaveCronError, String(error));
    assertNoLeak('the problem', `${error.message} ${error.stack} ${JSON.stringify(error)}`);
    assert.doesNotMatch(error.message, /127\.0\.0\.1|localhost/);
    return error.message;
  }
  assert.fail('it was sent');
}

test('a message is one POST with the path and query of the URL', async (t) => {
  const { url, received } = await startReceiver(t);
  await send({ url: `${url}/services/a?key=b` });
  const [{ method, path, headers, body: text } = assert.fail()] = received;
  assert.deepEqual([method, path, text], ['POST', '/services/a?key=b', body.text]);
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  assert.match(headers['user-agent'] ?? '', /^wave-cron\/\d/);
  assert.equal(headers.authorization, undefined);
  assert.equal(headers['webhook-signature'], undefined);
  assert.equal(received.length, 1);
});

test('a user and a password in the URL are sent as a header', async (t) => {
  const { url, received } = await startReceiver(t);
  await send({ url: url.replace('//', '//user:100%25@') });
  assert.equal(
    received[0]?.headers.authorization,
    `Basic ${Buffer.from('user:100%').toString('base64')}`,
  );
});

test('with a key, a message is signed, and each attempt has the same id', async (t) => {
  const { url, received } = await startReceiver(t, {
    answer: (nth) => ({ status: nth === 1 ? 503 : 200 }),
  });
  await send({ url, key: Buffer.alloc(32, 7) });
  assert.deepEqual(
    received.map(({ headers }) => headers['webhook-id']),
    ['id-1', 'id-1'],
  );
  assert.match(String(received[1]?.headers['webhook-signature']), /^v1,[A-Za-z0-9+/]{43}=$/);
});

suite('a certificate must be valid', () => {
  test('for the CA of the sink', async (t) => {
    const { url, received } = await startReceiver(t, { authority });
    await send({ url, ca: authority.certificate });
    assert.equal(received.length, 1);
  });

  test('so an unknown CA is rejected, even if the environment allows it', async (t) => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
    const { url, received } = await startReceiver(t, { authority });
    const problem = /^the certificate of the receiver is not accepted \(.+\)$/;
    assert.match(await problemOf(send({ url })), problem);
    const other = createAuthority().certificate;
    assert.match(await problemOf(send({ url, ca: other })), problem);
    assert.equal(received.length, 0);
  });

  test('so a certificate for another name is rejected', async (t) => {
    const { port } = await startReceiver(t, { authority });
    const url = `https://127.0.0.1:${port}/${secret}`;
    const problem = await problemOf(send({ url, ca: authority.certificate }));
    assert.match(problem, /not accepted \(ERR_TLS_CERT_ALTNAME_INVALID\)$/);
  });
});

const answers: readonly (readonly [number, number, RegExp])[] = [
  [301, 1, /^the receiver redirected the request, which is not followed/],
  [307, 1, /^the receiver redirected the request, which is not followed/],
  [400, 1, /^the receiver rejected the message: check the format \[HTTP 400\]$/],
  [401, 1, /^the receiver denied access: check the URL \[HTTP 401\]$/],
  [403, 1, /denied access/],
  [404, 1, /^the receiver does not know the URL: create a new webhook \[HTTP 404\]$/],
  [410, 1, /does not know the URL/],
  [413, 1, /rejected the message/],
  [429, 3, /^the receiver limits its requests \[HTTP 429\]$/],
  [500, 3, /^the receiver returned an error \[HTTP 500\]$/],
  [503, 3, /returned an error \[HTTP 503\]$/],
];

suite('a response without success is a problem, and only a transient one is tried again', () => {
  for (const [status, attempts, problem] of answers) {
    test(`HTTP ${status} is not followed to another address`, async (t) => {
      const target = await startReceiver(t);
      const { url, received } = await startReceiver(t, {
        answer: () => ({
          status,
          headers: { location: `${target.url}/${secret}` },
          body: `no such hook: ${secret}`,
        }),
      });
      assert.match(await problemOf(send({ url: `${url}/${secret}` })), problem);
      assert.equal(received.length, attempts);
      assert.equal(target.received.length, 0);
    });
  }
});

const failingWith = (t: TestContext, retryAfter: string) =>
  startReceiver(t, {
    answer: (nth) =>
      nth === 1 ? { status: 429, headers: { 'retry-after': retryAfter } } : { status: 200 },
  });

suite('the wait before another attempt', () => {
  test('doubles', async (t) => {
    const clock = waitingClock();
    const { url } = await startReceiver(t, { answer: () => ({ status: 502 }) });
    await problemOf(send({ url }, depsOf({ clock })));
    assert.deepEqual(clock.waits, [500, 1000]);
  });

  test('is as long as the receiver asks for', async (t) => {
    const clock = waitingClock();
    const { url } = await failingWith(t, '4');
    await send({ url }, depsOf({ clock }));
    assert.deepEqual(clock.waits, [4000]);
  });

  test('does not begin if it would exceed the time limit of the message', async (t) => {
    const clock = waitingClock();
    const { url, received } = await failingWith(t, '60');
    assert.match(await problemOf(send({ url }, depsOf({ clock }))), /limits its requests/);
    assert.deepEqual([clock.waits, received.length], [[], 1]);
  });

  test('does not begin after the program was interrupted', async (t) => {
    const stop = new AbortController();
    const { url, received } = await startReceiver(t, {
      answer: () => {
        stop.abort();
        return { status: 503 };
      },
    });
    await problemOf(send({ url }, depsOf({ stopRetrying: stop.signal })));
    assert.equal(received.length, 1);
  });
});

suite('a receiver without a response', () => {
  test('is down', async (t) => {
    const server = createTcpServer();
    const port = await listen(t, server);
    await new Promise((resolve) => server.close(resolve));
    const problem = await problemOf(send({ url: `http://127.0.0.1:${port}/${secret}` }));
    assert.equal(problem, 'connection refused (the receiver, ECONNREFUSED)');
  });

  test('has no address', async () => {
    const problem = await problemOf(send({ url: `https://${secret}.invalid/` }));
    assert.match(problem, /^the host name of the server cannot be resolved/);
  });

  test('closes each connection', async (t) => {
    const port = await listen(
      t,
      createTcpServer((socket) => socket.destroy()),
    );
    const problem = await problemOf(send({ url: `http://127.0.0.1:${port}/${secret}` }));
    assert.match(problem, /^the connection was closed before the response was complete/);
  });

  test('is slow, and the message ends at its time limit', async (t) => {
    const { url, received } = await startReceiver(t, { answer: () => undefined });
    const end = deliveryMs;
    let now = end - 50;
    const clock = { ...waitingClock(), now: () => now };
    const sending = send({ url }, depsOf({ clock: { ...clock, now: readings(0, now) } }));
    now = end;
    assert.match(await problemOf(sending), /^no response in time/);
    assert.equal(received.length, 1);
  });
});

/** A clock that shows these times in turn, and then always the last time. */
function readings(...times: readonly number[]): () => number {
  let at = 0;
  return () => times[Math.min(at++, times.length - 1)] ?? 0;
}

suite('a proxy of the environment', () => {
  const name = 'hooks.invalid';

  test('leads to the receiver, and TLS goes through it', async (t) => {
    const { port, received } = await startReceiver(t, { authority });
    const asked: string[] = [];
    const environment = { HTTPS_PROXY: await proxies.http(t, port, asked) };
    const target = { url: `https://${name}/${secret}`, ca: authority.certificate };
    await send(target, depsOf({ environment }));
    assert.deepEqual(asked, [`${name}:443`]);
    assert.equal(received[0]?.path, `/${secret}`);
    const problem = await problemOf(
      send({ ...target, ca: createAuthority().certificate }, depsOf({ environment })),
    );
    assert.match(problem, /^the certificate of the receiver is not accepted/);
  });

  test('that refuses the connection is named', async (t) => {
    const { url } = await startReceiver(t, { answer: () => ({ status: 403 }) });
    const proxy = url.replace('127.0.0.1', '127.0.0.2');
    const environment = { HTTPS_PROXY: proxy };
    await assert.rejects(
      send({ url: `https://${name}/${secret}` }, depsOf({ environment })),
      (error: Error) => {
        assertNoLeak('the problem', error.message);
        return error.message.includes(`(the receiver through the proxy ${proxy}`);
      },
    );
  });

  test('is not used for hosts in NO_PROXY', async (t) => {
    const asked: string[] = [];
    const proxy = await proxies.http(t, 9, asked);
    const environment = { HTTPS_PROXY: proxy, NO_PROXY: '.invalid' };
    const problem = await problemOf(send({ url: `https://${name}/` }, depsOf({ environment })));
    assert.match(problem, /cannot be resolved/);
    assert.deepEqual(asked, []);
  });

  test('with SOCKS is rejected with a reason', async () => {
    const environment = { HTTPS_PROXY: 'socks5://proxy.invalid:1080' };
    const problem = await problemOf(send({ url: `https://${name}/` }, depsOf({ environment })));
    assert.match(problem, /socks5:\/\/proxy.invalid:1080 of HTTPS_PROXY is not an http or https/);
  });
});
