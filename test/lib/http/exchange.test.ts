import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import {
  endpoint,
  exchange,
  type HttpRequest,
  largestAnswer,
  TooLargeError,
} from '../../../lib/http/exchange.ts';
import { answerWithoutEnd } from './endless-answer.ts';
import { listen } from './local-servers.ts';

/** Answers as told, and says how a request to it is made. */
async function serve(t: TestContext, answer: RequestListener) {
  const server = createServer(answer);
  const port = await listen(t, server);
  return (
    base: string,
    path: string,
    how: Partial<Pick<HttpRequest, 'signal' | 'timeoutMs' | 'enough' | 'admits'>> = {},
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

  it('whose answer does not end is given up beyond the bound, and its connection is closed', async (t) => {
    const { promise: taken, resolve } = Promise.withResolvers<number>();
    const ask = await serve(t, (_request, response) => {
      resolve(answerWithoutEnd(response, 'x'.repeat(65_536)));
    });
    await assert.rejects(ask('', '/'), { name: 'TooLargeError' });
    // What the sockets of both sides hold comes on top.
    assert.ok((await taken) < 4 * largestAnswer, `${await taken} bytes were taken`);
  });

  it('is given up as soon as the bytes that have come are not admitted', async (t) => {
    const ask = await serve(t, (_request, response) => response.end('x'.repeat(1_000_000)));
    const asked: number[] = [];
    const admits = (bytes: number): boolean => {
      asked.push(bytes);
      return bytes < 300_000;
    };
    await assert.rejects(
      ask('', '/', { admits }),
      (error: unknown) => error instanceof TooLargeError && error.bytes === asked.at(-1),
    );
    assert.equal(asked.filter((bytes) => bytes >= 300_000).length, 1);
    const { bytes } = await ask('', '/', { admits: () => true });
    assert.equal(bytes, 1_000_000);
  });

  it('that is refused without end is answered with the beginning of the refusal', async (t) => {
    const ask = await serve(t, (_request, response) => {
      response.writeHead(500);
      void answerWithoutEnd(response, 'x'.repeat(65_536));
    });
    const { status, bytes } = await ask('', '/', { admits: () => false });
    assert.equal(status, 500);
    assert.ok(bytes < 1024 * 1024, `${bytes} bytes were read`);
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
