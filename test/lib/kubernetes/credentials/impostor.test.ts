/** Another server answers instead of the real one, and the environment tells Node not to verify any server. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createApiClient } from '../../../../lib/kubernetes/client/api-client.ts';
import { connect } from '../../../../lib/kubernetes/credentials/connection.ts';
import { pushMetrics } from '../../../../lib/telemetry/push.ts';
import {
  createAuthority,
  serverCertificate,
} from '../../../../tools/control-plane/certificates.ts';
import { listen, proxies } from '../../http/local-servers.ts';

process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';

const meant = createAuthority().certificate;

/** A server with a certificate of its own authority. It answers every request, and refuses to tunnel. */
async function impostor(t: TestContext) {
  const { certificate: cert, key } = serverCertificate(createAuthority(), ['127.0.0.1']);
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer({ cert, key }, ({ headers }, response) => {
    seen.push(headers);
    response.end('{}');
  });
  server.on('connect', ({ headers }, socket: Socket) => {
    seen.push(headers);
    socket.destroy();
  });
  return { seen, port: await listen(t, server) };
}

/** Sends a request with a token. */
async function ask(t: TestContext, cluster: object): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-impostor-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'config');
  const name = 'one';
  const config = {
    clusters: [{ name, cluster }],
    users: [{ name, user: { token: 'planted' } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  writeFileSync(file, JSON.stringify(config));
  const connection = await connect({ kubeconfig: file, context: undefined }, {});
  t.after(() => connection.close());
  return await createApiClient(connection).request({ method: 'GET', path: '/version', tries: 1 });
}

const authority = { 'certificate-authority-data': Buffer.from(meant).toString('base64') };
const notAccepted = /^the certificate of https:\/\/127\.0\.0\.1:\d+ is not accepted \([A-Z_]+\)$/;

test('an impostor gets no token, even with NODE_TLS_REJECT_UNAUTHORIZED', async (t) => {
  const { seen, port } = await impostor(t);
  const server = `https://127.0.0.1:${port}`;
  for (const given of [{ server }, { server, ...authority }]) {
    await assert.rejects(ask(t, given), { message: notAccepted });
  }
  assert.deepEqual(seen, []);
});

for (const [kind, proxy] of Object.entries(proxies)) {
  test(`an impostor behind a proxy by ${kind} gets no token, even with NODE_TLS_REJECT_UNAUTHORIZED`, async (t) => {
    const { seen, port } = await impostor(t);
    const server = `https://127.0.0.1:${port}`;
    const way = { server, 'proxy-url': await proxy(t, port) };
    await assert.rejects(ask(t, { ...way, ...authority }), { message: notAccepted });
    assert.deepEqual(seen, []);
    // The way to the impostor works: without verification, the request arrives.
    await ask(t, { ...way, 'insecure-skip-tls-verify': true });
    assert.deepEqual(
      seen.map(({ authorization }) => authorization),
      ['Bearer planted'],
    );
  });
}

test("an impostor of a proxy does not get the proxy's password, even with NODE_TLS_REJECT_UNAUTHORIZED", async (t) => {
  const { seen, port } = await impostor(t);
  const proxy = `https://user:planted@localhost:${port}`;
  for (const trust of [authority, { 'insecure-skip-tls-verify': true }]) {
    await assert.rejects(
      ask(t, { server: 'https://127.0.0.1:1', 'proxy-url': proxy, ...trust }),
      (error: unknown) => error instanceof Error && !error.message.includes('planted'),
    );
  }
  assert.deepEqual(seen, []);
});

test('an impostor of a Pushgateway gets no password, even with NODE_TLS_REJECT_UNAUTHORIZED', async (t) => {
  const { seen, port } = await impostor(t);
  const push = { grouping: { job: 'a' }, mode: 'replace', contentType: 'text/plain', text: '' };
  await assert.rejects(
    pushMetrics({ ...push, mode: 'replace', url: `https://user:planted@127.0.0.1:${port}` }),
    /the certificate of the gateway is not accepted/,
  );
  assert.deepEqual(seen, []);
});

test('a server that the kubeconfig excludes from verification gets requests', async (t) => {
  const { seen, port } = await impostor(t);
  await ask(t, { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true });
  assert.deepEqual(
    seen.map(({ authorization }) => authorization),
    ['Bearer planted'],
  );
});
