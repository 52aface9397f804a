import assert from 'node:assert/strict';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { createWatchClient } from '../../../../lib/kubernetes/client/watch-client.ts';
import { localConnection } from './local-connection.ts';

async function client(t: TestContext, answer: RequestListener) {
  const connection = await localConnection(t, answer);
  const { agent } = await connection.authorize();
  let token = 'old';
  return createWatchClient({
    ...connection,
    authorize: async () => ({ headers: { authorization: `Bearer ${token}` }, agent }),
    reload() {
      token = 'new';
    },
    maxConnections: 1,
  });
}

const request = {
  path: '/api/v1/secrets',
  query: { watch: 'true' },
  idleMs: 10_000,
  signal: new AbortController().signal,
  onLine: () => undefined,
};

test('a watch only requests metadata, and reads rotated credentials once', async (t) => {
  const asked: IncomingHttpHeaders[] = [];
  const open = await client(t, ({ headers }, response) => {
    asked.push(headers);
    response.writeHead(headers.authorization === 'Bearer new' ? 200 : 401);
    response.end('{}\n');
  });
  const lines: string[] = [];
  await open({ ...request, onLine: (line) => void lines.push(line) });
  assert.deepEqual(lines, ['{}']);
  assert.equal(asked.length, 2);
  for (const { accept } of asked) {
    assert.equal(accept, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1');
  }
});

test('a refused watch is an error with the status, and an error of the reader is passed on', async (t) => {
  const refused = await client(t, (_, response) => {
    response.writeHead(403);
    response.end();
  });
  await assert.rejects(refused(request), { status: 403 });
  const open = await client(t, (_, response) => void response.write('a\n'));
  const onLine = () => {
    throw new Error('no event');
  };
  await assert.rejects(open({ ...request, onLine }), { message: 'no event' });
});
