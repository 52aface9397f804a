import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { https } from '../../../../lib/http/node-http.ts';
import { createApiClient } from '../../../../lib/kubernetes/client/api-client.ts';
import { AnswerTooLargeError } from '../../../../lib/kubernetes/client/api-error.ts';
import { createCluster } from '../../../../lib/kubernetes/cluster.ts';
import { answerWithoutEnd } from '../../http/endless-answer.ts';
import { http2Server } from '../../http/http2-server.ts';
import { connectionTo, localConnection } from './local-connection.ts';

/** A client of a local server. No API server sends endless responses or invalid ones. */
async function clientOf(t: TestContext, answer: RequestListener) {
  return createApiClient(await localConnection(t, answer));
}

/** Sends an endless response with a value that must not appear in any message. */
const endless: RequestListener = (_request, response) => {
  void answerWithoutEnd(response, 'planted'.repeat(10_000));
};

test('an endless response is requested once, and its error only has the request and the size', async (t) => {
  let asked = 0;
  const api = await clientOf(t, (request, response) => {
    asked += 1;
    endless(request, response);
  });
  const source = { kind: 'Secret', namespace: 'shop', name: 'login' } as const;
  const patch = { metadata: {} };
  const path = '/api/v1/namespaces/shop/secrets/login';
  const { getSource, getSourceMetadata, patchSource } = createCluster(api);
  for (const [method, ask] of [
    ['GET', () => getSource(source)],
    ['GET', () => getSourceMetadata(source)],
    ['PATCH', () => patchSource(source, patch)],
  ] as const) {
    asked = 0;
    await assert.rejects(ask(), (error: unknown) => {
      assert.ok(error instanceof AnswerTooLargeError);
      assert.equal(error.status, undefined);
      assert.equal(error.canRetry, false);
      assert.ok(error.message.startsWith(`the response to ${method} ${path} is too large`));
      assert.match(error.message, / 8\.\d MiB$/);
      return true;
    });
    assert.equal(asked, 1);
  }
});

test('a source is given up if its reader does not admit its size', async (t) => {
  const api = await clientOf(t, endless);
  const source = { kind: 'Secret', namespace: 'shop', name: 'login' } as const;
  await assert.rejects(
    createCluster(api).getSource(source, undefined, (bytes) => bytes <= 1_000_000),
    (error: unknown) => error instanceof AnswerTooLargeError && / 1\.\d MiB$/.test(error.message),
  );
});

test('an endless error response is reported by its status', async (t) => {
  const api = await clientOf(t, (request, response) => {
    response.writeHead(403);
    endless(request, response);
  });
  await assert.rejects(api.request({ method: 'GET', path: '/version' }), {
    status: 403,
    message: 'GET /version returned 403 [HTTP 403]',
  });
});

test('if a request breaks a shared connection, its third try has its own connection', async (t) => {
  const versions: string[] = [];
  const server = await http2Server(
    t,
    ({ httpVersion, url }, response) => {
      if (url !== '/poison') {
        response.end('{}');
        return;
      }
      versions.push(httpVersion);
      if (httpVersion === '1.1') response.end('{"fine":true}');
      else server.cut();
    },
    { allowHTTP1: true },
  );
  const agent = new https.Agent({ ca: server.certificate });
  const api = createApiClient(connectionTo(server.url, agent, server.http2));
  assert.deepEqual(await api.request({ method: 'GET', path: '/poison' }), { fine: true });
  assert.deepEqual(versions, ['2.0', '2.0', '1.1']);
  assert.deepEqual(await api.request({ method: 'GET', path: '/other' }), {});
});
