import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { plain, serve } from '../../jobs/http-server.ts';
import { UsageError } from '../../lib/errors.ts';

async function serving(t: Pick<TestContext, 'after'>) {
  const server = await serve('127.0.0.1:0', {
    '/page': () => plain(200, 'here'),
    '/ill': () => plain(503, 'not well'),
    '/fault': () => Promise.reject(new Error('a value that nobody may see')),
  });
  t.after(() => server.close());
  return server;
}

async function ask(address: string, path: string, method = 'GET') {
  const response = await fetch(`http://${address}${path}`, { method });
  return { status: response.status, text: await response.text() };
}

test('a page is served to GET and HEAD, whatever the query', async (t) => {
  const { address } = await serving(t);
  assert.deepEqual(await ask(address, '/page'), { status: 200, text: 'here\n' });
  assert.deepEqual(await ask(address, '/page?x=1'), { status: 200, text: 'here\n' });
  assert.deepEqual(await ask(address, '/page', 'HEAD'), { status: 200, text: '' });
  assert.deepEqual(await ask(address, '/ill'), { status: 503, text: 'not well\n' });
});

test('other methods, unknown paths and pages that fail are told apart, and say nothing more', async (t) => {
  const { address } = await serving(t);
  assert.equal((await ask(address, '/page', 'POST')).status, 405);
  assert.deepEqual(await ask(address, '/'), {
    status: 404,
    text: 'here are /page, /ill, /fault\n',
  });
  assert.equal((await ask(address, '/constructor')).status, 404);
  const fault = await ask(address, '/fault');
  assert.equal(fault.status, 500);
  assert.doesNotMatch(fault.text, /nobody may see/);
});

test('an address that is taken is told in words that name it', async (t) => {
  const { address } = await serving(t);
  await assert.rejects(serve(address, {}), (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(
      error.message,
      `cannot listen on "${address}" (setting listen): another process listens there: choose another port, or end that process`,
    );
    return true;
  });
});

test('closing ends connections that are open', async (t) => {
  const server = await serving(t);
  const [host = '', port] = server.address.split(':');
  const socket = connect(Number(port), host);
  const ended = new Promise((resolve) => socket.once('close', resolve));
  await new Promise((resolve) => socket.once('connect', resolve));
  await server.close();
  socket.resume();
  await ended;
});
