import assert from 'node:assert/strict';
import { request } from 'node:http';
import { suite, type TestContext, test } from 'node:test';
import { type PageData, type PageServer, servePage } from '../../../jobs/ui/page-server.ts';
import { UnreachableError, UsageError } from '../../../lib/errors.ts';

const token = 'a-token-of-a-test';
const files = new Map(
  ['/', '/page.js'].map((path) => [
    path,
    { contentType: 'text/plain', content: Buffer.from(path) },
  ]),
);

const nothing: PageData = { objects: {}, streams: {} };

async function served(t: TestContext, data: Partial<PageData> = {}): Promise<PageServer> {
  const server = await servePage({ port: 0, token, files, data: { ...nothing, ...data } });
  t.after(() => server.close());
  return server;
}

type Headers = Readonly<Record<string, string>>;

/** Sends any headers. `fetch` does not allow some of them. */
function get({ port }: PageServer, path: string, headers: Headers = {}, method = 'GET') {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    headers: Headers;
    text: string;
  }>();
  const sent = request({ host: '127.0.0.1', port, path, method, headers }, async (response) => {
    const chunks = await Array.fromAsync(response);
    const text = Buffer.concat(chunks).toString();
    resolve({ status: response.statusCode ?? 0, headers: response.headers as Headers, text });
  });
  sent.once('error', reject).end();
  return promise;
}

const withToken = { authorization: `Bearer ${token}` };

suite('the server of the page', () => {
  test('listens only on the loopback interface, on any free port', async (t) => {
    const server = await served(t);
    assert.ok(server.port > 0);
    await assert.rejects(servePage({ port: server.port, token, files, data: nothing }), {
      name: 'UsageError',
      message: `cannot listen on 127.0.0.1:${server.port}: another process listens there: choose another port, or leave out --port`,
    });
  });

  test('serves its files, and the document for the addresses of pages', async (t) => {
    const server = await served(t);
    for (const path of ['/', '/timeline', '/workload/Deployment/shop/web', '/?text=a']) {
      const { status, text } = await get(server, path);
      assert.deepEqual([status, text], [200, '/'], path);
    }
    assert.equal((await get(server, '/page.js')).text, '/page.js');
    for (const path of [
      '/other',
      '/page.js/a',
      '/../package.json',
      '/%2e%2e/package.json',
      '/a//b',
    ]) {
      assert.equal((await get(server, path)).status, 404, path);
    }
  });

  test('sends the security headers with each response, including refusals', async (t) => {
    const server = await served(t);
    for (const path of ['/', '/other', '/api/none', '/page.js']) {
      const { headers } = await get(server, path);
      const policy = headers['content-security-policy'] ?? '';
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /, path);
      assert.doesNotMatch(policy, /unsafe|\*|https?:|data:|blob:/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.equal(headers['access-control-allow-origin'], undefined);
    }
  });

  test('sends data only with the token, and to nobody else', async (t) => {
    const server = await served(t, { objects: { '/api/one': async () => ({ a: 1 }) } });
    assert.equal((await get(server, '/api/one')).status, 401);
    assert.equal((await get(server, `/api/one?token=${token}`)).status, 401);
    const refused = { ...withToken, host: 'evil.example' };
    assert.equal((await get(server, '/api/one', refused)).status, 421);
    const { status, text } = await get(server, '/api/one', withToken);
    assert.deepEqual([status, text], [200, '{"a":1}']);
    assert.equal((await get(server, '/api/one', withToken, 'POST')).status, 405);
    assert.equal((await get(server, '/api/constructor', withToken)).status, 404);
  });

  test('escapes characters in data that are invisible or change the direction of text', async (t) => {
    const server = await served(t, { objects: { '/api/one': async () => ({ a: 'a\u202eb' }) } });
    assert.equal((await get(server, '/api/one', withToken)).text, '{"a":"a\\\\u{202e}b"}');
  });

  test('sends the message of an expected error, but only the type of any other error', async (t) => {
    const fail = (error: Error) => async () => {
      throw error;
    };
    const server = await served(t, {
      objects: {
        '/api/usage': fail(new UsageError('wrong')),
        '/api/down': fail(new UnreachableError('down')),
        '/api/bug': fail(new TypeError('the value of a Secret')),
      },
    });
    const answers = await Promise.all(
      ['usage', 'down', 'bug'].map((name) => get(server, `/api/${name}`, withToken)),
    );
    assert.deepEqual(
      answers.map(({ status, text }) => [status, JSON.parse(text).problem]),
      [
        [400, 'wrong'],
        [502, 'down'],
        [500, 'unexpected TypeError: this is a bug in wave-cron, please report it'],
      ],
    );
  });

  test('streams messages until the client disconnects', async (t) => {
    const left = Promise.withResolvers<void>();
    const server = await served(t, {
      streams: {
        '/api/live': (_, send) => {
          send({ a: 1 });
          send({ b: 'x\ny' });
          return left.resolve;
        },
      },
    });
    const stop = new AbortController();
    const { body, headers } = await fetch(`http://127.0.0.1:${server.port}/api/live`, {
      headers: withToken,
      signal: stop.signal,
    });
    assert.equal(headers.get('content-type'), 'text/event-stream');
    let text = '';
    for await (const chunk of body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.endsWith('"}\n\n')) break;
    }
    assert.equal(text, 'data: {"a":1}\n\ndata: {"b":"x\\\\u{a}y"}\n\n');
    stop.abort();
    await left.promise;
  });

  test('closes open streams when it ends', async () => {
    const streams = {
      '/api/live': (_: URLSearchParams, send: (message: object) => void) => {
        send({});
        return () => undefined;
      },
    };
    const server = await servePage({ port: 0, token, files, data: { ...nothing, streams } });
    const { body } = await fetch(`http://127.0.0.1:${server.port}/api/live`, {
      headers: withToken,
    });
    const reading = Array.fromAsync(body ?? []);
    await server.close();
    await assert.rejects(reading);
  });
});
