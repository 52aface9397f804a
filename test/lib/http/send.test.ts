import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { endpoint } from '../../../lib/http/exchange.ts';
import { sendOverHttp1 } from '../../../lib/http/send.ts';
import { listen } from './local-servers.ts';

test('a request gets its response with status, headers and body, or the error of a canceled connection', async (t) => {
  const server = createServer(async (request, response) => {
    if (request.url === '/base/hangs') return;
    response.writeHead(201, { 'x-seen': `${request.method} ${request.url}` });
    response.end(await text(request));
  });
  const to = endpoint(`http://127.0.0.1:${await listen(t, server)}/base`);
  const send = (path: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const request = { method: 'PATCH', path, headers: {}, body: 'body', agent: false } as const;
    const cancel = sendOverHttp1(to, request, {
      async answered(status, headers, body) {
        resolve(`${status} ${headers['x-seen']} ${await text(body)}`);
      },
      failed: reject,
    });
    return { promise, cancel };
  };
  assert.equal(await send('/a?b=c').promise, '201 PATCH /base/a?b=c body');
  const { promise, cancel } = send('/hangs');
  cancel();
  await assert.rejects(promise, { code: 'ECONNRESET' });
});
