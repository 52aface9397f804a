import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ConnectionBounds } from '../../../jobs/cli/connections.ts';
import { plain, serve } from '../../../jobs/serve/http-server.ts';
import { UsageError } from '../../../lib/errors.ts';

const long = 'x'.repeat(16 << 20);

async function serving(t: Pick<TestContext, 'after'>, bounds?: ConnectionBounds) {
  let asked = 0;
  const pages = {
    '/page': () => {
      asked += 1;
      return plain(200, 'here');
    },
    '/ill': () => plain(503, 'not well'),
    '/fault': () => Promise.reject(new Error('a value that nobody may see')),
    '/long': () => plain(200, long),
  };
  const server = await serve('127.0.0.1:0', { get: pages }, bounds);
  t.after(() => server.close());
  return { ...server, asked: () => asked };
}

const request = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nhost: a\r\n${more}\r\n`;

type Client = { from?: string; allowHalfOpen?: boolean };

/** Opens a connection and sends this text. It does not read: use `rest` for that. */
async function sent(t: TestContext, address: string, text: string, client: Client = {}) {
  const [host = '', port] = address.split(':');
  const { from = '127.0.0.1', ...more } = client;
  const socket = connect({ host, port: Number(port), localAddress: from, ...more });
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

/** Reads until the connection is closed. Returns the text, and `end` or the code of the error that closed it. */
async function rest(socket: Socket): Promise<{ text: string; end: string }> {
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  const error: NodeJS.ErrnoException | null = socket.errored;
  return { text, end: error?.code ?? 'end' };
}

async function ask(address: string, path: string, method = 'GET') {
  const response = await fetch(`http://${address}${path}`, { method });
  return { status: response.status, text: await response.text() };
}

test('a page is served to GET and HEAD, with any query', async (t) => {
  const { address } = await serving(t);
  assert.deepEqual(await ask(address, '/page'), { status: 200, text: 'here\n' });
  assert.deepEqual(await ask(address, '/page?x=1'), { status: 200, text: 'here\n' });
  assert.deepEqual(await ask(address, '/page', 'HEAD'), { status: 200, text: '' });
  assert.deepEqual(await ask(address, '/ill'), { status: 503, text: 'not well\n' });
});

test('other methods, unknown paths and failing pages have different statuses, and no details', async (t) => {
  const { address } = await serving(t);
  assert.equal((await ask(address, '/page', 'POST')).status, 405);
  assert.deepEqual(await ask(address, '/'), {
    status: 404,
    text: 'not found; available: /page, /ill, /fault, /long\n',
  });
  assert.equal((await ask(address, '/constructor')).status, 404);
  const fault = await ask(address, '/fault');
  assert.equal(fault.status, 500);
  assert.doesNotMatch(fault.text, /nobody may see/);
});

test('the error for an address in use names the address', async (t) => {
  const { address } = await serving(t);
  await assert.rejects(serve(address, { get: {} }), (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(
      error.message,
      `cannot listen on "${address}" (setting listen): another process listens there: choose another port, or stop that process`,
    );
    return true;
  });
});

test('closing the server ends open connections', async (t) => {
  const server = await serving(t);
  const [host = '', port] = server.address.split(':');
  const socket = connect(Number(port), host);
  const ended = new Promise((resolve) => socket.once('close', resolve));
  await new Promise((resolve) => socket.once('connect', resolve));
  await server.close();
  socket.resume();
  await ended;
});

test('the connection ends after a response, and a client that waits for the end sees it', async (t) => {
  const { address } = await serving(t);
  const { text, end } = await rest(await sent(t, address, request('/page')));
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nconnection: close\r\n[\s\S]*here/i);
  assert.equal(end, 'end');
});

test('a client that half-closes its connection still gets the response', async (t) => {
  const { address } = await serving(t);
  const socket = await sent(t, address, '');
  socket.end(request('/page'));
  assert.match((await rest(socket)).text, /here/);
});

test('a client that leaves without a request does not keep its connection', async (t) => {
  const { address } = await serving(t, { most: 100, lifeMs: 3_600_000 });
  const socket = await sent(t, address, 'GET /pa');
  socket.end();
  assert.deepEqual(await rest(socket), { text: '', end: 'end' });
});

test('headers of more than 4 kB are refused, complete or not', async (t) => {
  const { address } = await serving(t);
  const header = `x: ${'x'.repeat(5000)}\r\n`;
  for (const text of [request('/page', header), `GET /page HTTP/1.1\r\n${header}`]) {
    assert.match((await rest(await sent(t, address, text))).text, /^HTTP\/1\.1 431 /);
  }
  const fits = `x: ${'x'.repeat(3900)}\r\n`;
  assert.match((await rest(await sent(t, address, request('/page', fits)))).text, /here/);
});

test('text that is not HTTP is refused', async (t) => {
  const { address } = await serving(t);
  assert.match((await rest(await sent(t, address, 'hello\r\n\r\n'))).text, /^HTTP\/1\.1 400 /);
});

test('thousands of requests in one packet get a single response', async (t) => {
  const { address, asked } = await serving(t);
  const { text } = await rest(await sent(t, address, request('/page').repeat(3000)));
  assert.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1);
  assert.equal(asked(), 1);
});

for (const [what, text] of [
  ['that has sent nothing', ''],
  ['whose request is not whole', 'GET /page HTTP/1.1\r\nhost: a\r\n'],
  ['whose request has a body without end', request('/page', 'content-length: 1000000\r\n')],
  ['that does not read its answer', request('/long')],
] as const) {
  test(`a connection ${what} ends when its time is over`, async (t) => {
    const { address } = await serving(t, { most: 100, lifeMs: 200 });
    const socket = await sent(t, address, text, { allowHalfOpen: true });
    // This connection came later, so when it ends, the time of the first one is over too.
    await rest(await sent(t, address, ''));
    // A client that does not read notices the end when it writes.
    socket.write('x');
    const got = await rest(socket);
    assert.ok(got.text.length < long.length);
    assert.match(got.end, /^(ECONNRESET|EPIPE)$/);
  });
}

test('if there are too many connections, the server ends the oldest one of the address with the most', {
  skip: process.platform === 'linux' ? false : 'it takes several addresses of this machine',
}, async (t) => {
  const { address } = await serving(t, { most: 4, lifeMs: 3_600_000 });
  const ends: string[] = [];
  const open = async (name: string, from: string) => {
    const socket = await sent(t, address, 'GET ', { from });
    void rest(socket).then(({ end }) => ends.push(`${name} ${end}`));
    // A new request always gets a response, with any number of open connections.
    assert.equal((await ask(address, '/page')).status, 200);
    return socket;
  };
  await open('other', '127.0.0.3');
  const first = await open('first', '127.0.0.2');
  await open('second', '127.0.0.2');
  await open('third', '127.0.0.2');
  assert.deepEqual(ends, []);
  await open('fourth', '127.0.0.2');
  await open('fifth', '127.0.0.2');
  if (!first.closed) await once(first, 'close');
  assert.deepEqual(ends, ['first ECONNRESET', 'second ECONNRESET']);
});
