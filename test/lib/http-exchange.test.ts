import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { endpoint, exchange, type HttpRequest } from '../../lib/http-exchange.ts';

/** Answers as told, and says how a request to it is made. */
async function serve(t: TestContext, answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return (
    base: string,
    path: string,
    how: Partial<Pick<HttpRequest, 'signal' | 'timeoutMs' | 'enough'>> = {},
  ) =>
    exchange(endpoint(`http://127.0.0.1:${port}${base}`), {
      method: 'GET',
      path,
      headers: {},
      agent: false,
      timeoutMs: 30_000,
      ...how,
    });
}

/** The head of an answer and a part of its body, then nothing any more. */
const hangs: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-length': '100' });
  response.write('a part');
};

describe('an HTTP request', () => {
  it('goes to its path below the base address, with its query', async (t) => {
    const ask = await serve(t, ({ url }, response) => response.end(url));
    for (const base of ['', '/', '/clusters/a', '/clusters/a/']) {
      const { text } = await ask(base, '/api/v1/pods?limit=2&x=%2F');
      assert.equal(text, `${base.replace(/\/$/, '')}/api/v1/pods?limit=2&x=%2F`);
    }
  });

  it('that takes too long is given up, before the answer and in its midst', async (t) => {
    for (const answer of [() => {}, hangs]) {
      const ask = await serve(t, answer);
      await assert.rejects(ask('', '/', { timeoutMs: 50 }), { name: 'TimeoutError' });
    }
  });

  it('ends with the reason of its signal, before the answer and in its midst', async (t) => {
    const reason = new Error('enough of it');
    for (const answer of [() => {}, hangs]) {
      const ask = await serve(t, answer);
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 50);
      await assert.rejects(ask('', '/', { signal: controller.signal }), reason);
    }
  });

  it('is not sent where its signal is aborted already', async (t) => {
    let asked = 0;
    const ask = await serve(t, (_request, response) => {
      asked += 1;
      response.end();
    });
    const reason = new Error('enough of it');
    await assert.rejects(ask('', '/', { signal: AbortSignal.abort(reason) }), reason);
    await ask('', '/');
    assert.equal(asked, 1);
  });

  it('fails where its connection is closed in the midst of the answer', async (t) => {
    const ask = await serve(t, (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('a part', () => response.destroy());
    });
    await assert.rejects(ask('', '/'), { code: 'ECONNRESET' });
  });

  it('leaves nothing on its signal, and no timer that keeps the process', async (t) => {
    const ask = await serve(t, (_request, response) => response.end('done'));
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    Object.assign(signal, {
      addEventListener(...args: Parameters<typeof addEventListener>) {
        listeners += 1;
        addEventListener.apply(signal, args);
      },
      removeEventListener(...args: Parameters<typeof removeEventListener>) {
        listeners -= 1;
        removeEventListener.apply(signal, args);
      },
    });
    const timers = () => process.getActiveResourcesInfo().filter((it) => it === 'Timeout').length;
    const before = timers();
    await ask('', '/', { signal });
    assert.equal(listeners, 0);
    assert.equal(timers(), before);
  });
});
