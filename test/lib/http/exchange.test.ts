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
import { http2Server } from './http2-server.ts';
import { listen } from './local-servers.ts';

const protocols = ['HTTP/1.1', 'HTTP/2'] as const;
type Protocol = (typeof protocols)[number];

/** Starts a server that answers with `answer`. Returns a function that sends a request to it. */
async function serve(t: TestContext, protocol: Protocol, answer: RequestListener) {
  const { url, http2, cut } =
    protocol === 'HTTP/2' ? await http2Server(t, answer) : await http1Server(t, answer);
  const ask = (
    base: string,
    path: string,
    how: Partial<
      Pick<HttpRequest, 'method' | 'body' | 'signal' | 'timeoutMs' | 'enough' | 'admits'>
    > = {},
  ) =>
    exchange(endpoint(`${url}${base}`), {
      method: 'GET',
      path,
      headers: {},
      agent: false,
      http2,
      timeoutMs: 30_000,
      ...how,
    });
  return Object.assign(ask, { cut });
}

async function http1Server(t: TestContext, answer: RequestListener) {
  const server = createServer(answer);
  const port = await listen(t, server);
  const cut = (): void => server.closeAllConnections();
  return { url: `http://127.0.0.1:${port}`, http2: undefined, cut };
}

/** Sends the headers and a part of the body, and then nothing more. */
const hangs: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-length': '100' });
  response.write('a part');
};

for (const protocol of protocols) {
  describe(`a request over ${protocol}`, () => {
    it('goes to its path below the base address, with its query', async (t) => {
      const ask = await serve(t, protocol, ({ url }, response) => response.end(url));
      for (const base of ['', '/', '/clusters/a', '/clusters/a/']) {
        const { text } = await ask(base, '/api/v1/pods?limit=2&x=%2F');
        assert.equal(text, `${base.replace(/\/$/, '')}/api/v1/pods?limit=2&x=%2F`);
      }
    });

    it('that takes too long is given up, before or during the response', async (t) => {
      for (const answer of [() => {}, hangs]) {
        const ask = await serve(t, protocol, answer);
        await assert.rejects(ask('', '/', { timeoutMs: 50 }), { name: 'TimeoutError' });
      }
    });

    it('ends with the reason of its signal, before or during the response', async (t) => {
      const reason = new Error('enough of it');
      for (const answer of [() => {}, hangs]) {
        const ask = await serve(t, protocol, answer);
        const controller = new AbortController();
        setTimeout(() => controller.abort(reason), 50);
        await assert.rejects(ask('', '/', { signal: controller.signal }), reason);
      }
    });

    it('is not sent if its signal is already aborted', async (t) => {
      let asked = 0;
      const ask = await serve(t, protocol, (_request, response) => {
        asked += 1;
        response.end();
      });
      const reason = new Error('enough of it');
      await assert.rejects(ask('', '/', { signal: AbortSignal.abort(reason) }), reason);
      await ask('', '/');
      assert.equal(asked, 1);
    });
    for (const [length, headers] of [
      ['', { 'content-length': '100' }],
      ['out', {}],
    ] as const) {
      it(`fails with${length} a known length if its connection is lost during the response`, async (t) => {
        let cut = (): void => {};
        const ask = await serve(t, protocol, (_request, response) => {
          response.writeHead(200, headers);
          response.write('a part');
          // By then, the part has arrived.
          setTimeout(() => cut(), 50);
        });
        cut = ask.cut;
        await assert.rejects(ask('', '/'), { code: 'ECONNRESET' });
      });
    }

    it('sends its method and body, and gets the status and headers of the response', async (t) => {
      const ask = await serve(t, protocol, async (request, response) => {
        const body = (await Array.fromAsync<Buffer>(request)).join('');
        response.writeHead(409, { 'retry-after': '7' });
        response.end(`${request.method} ${request.headers['content-length']} ${body}`);
      });
      for (const body of ['{"a":"ä"}', 'x'.repeat(3_000_000)]) {
        const { status, headers, text } = await ask('', '/', { method: 'PATCH', body });
        assert.equal(status, 409);
        assert.equal(headers['retry-after'], '7');
        assert.ok(text.startsWith(`PATCH ${Buffer.byteLength(body)} `));
      }
    });

    it('with an endless response is given up at the size limit, and its connection is closed', async (t) => {
      const { promise: taken, resolve } = Promise.withResolvers<number>();
      const ask = await serve(t, protocol, (_request, response) => {
        resolve(answerWithoutEnd(response, 'x'.repeat(65_536)));
      });
      await assert.rejects(ask('', '/'), { name: 'TooLargeError' });
      // The sockets of both sides buffer some additional bytes.
      assert.ok((await taken) < 4 * largestAnswer, `${await taken} bytes were taken`);
    });

    it('is given up as soon as its caller does not admit the received bytes', async (t) => {
      const ask = await serve(t, protocol, (_request, response) =>
        response.end('x'.repeat(1_000_000)),
      );
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

    it('with an endless error response gives the beginning of it', async (t) => {
      const ask = await serve(t, protocol, (_request, response) => {
        response.writeHead(500);
        void answerWithoutEnd(response, 'x'.repeat(65_536));
      });
      const { status, bytes } = await ask('', '/', { admits: () => false });
      assert.equal(status, 500);
      assert.ok(bytes < 1024 * 1024, `${bytes} bytes were read`);
    });

    it('leaves no listener on its signal, and no timer that keeps the process alive', async (t) => {
      const ask = await serve(t, protocol, (_request, response) => response.end('done'));
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
}
