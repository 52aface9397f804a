import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Http2Client } from '../../../lib/http/http2-client.ts';
import { createAuthority } from '../../../tools/control-plane/certificates.ts';
import { ask, http2Server, until } from './http2-server.ts';

suite('requests on a connection with HTTP/2', () => {
  test('fail with the error of the connection, and later ones try again', async (t) => {
    const server = await http2Server(t, (_request, response) => response.end(), {
      tls: { ca: createAuthority().certificate },
    });
    for (let i = 0; i < 2; i += 1) {
      await assert.rejects(ask(server), { code: 'CERT_SIGNATURE_FAILURE' });
    }
    const http2 = new Http2Client({ host: '127.0.0.1', port: 1, idleMs: 30_000, tls: {} });
    await assert.rejects(ask({ url: 'https://127.0.0.1:1', http2 }), { code: 'ECONNREFUSED' });
  });

  test('verify the server even with NODE_TLS_REJECT_UNAUTHORIZED, unless the credentials say otherwise', async (t) => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    t.after(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    });
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    const ca = createAuthority().certificate;
    const strict = await http2Server(t, (_request, response) => response.end(), { tls: { ca } });
    await assert.rejects(ask(strict), { code: 'CERT_SIGNATURE_FAILURE' });
    const lax = await http2Server(t, (_request, response) => response.end(), {
      tls: { rejectUnauthorized: false },
    });
    assert.equal((await ask(lax)).status, 200);
  });

  test('all fail at once if the connection is lost', async (t) => {
    let arrived = 0;
    const server = await http2Server(t, () => {
      arrived += 1;
    });
    const all = [ask(server), ask(server, '/', { method: 'PATCH', body: '{}' })];
    await until(() => arrived === all.length);
    server.cut();
    for (const each of all) await assert.rejects(each, { code: 'ECONNRESET' });
  });

  test('use a connection that closes after some time without requests', async (t) => {
    const server = await http2Server(t, (_request, response) => response.end(), {
      idleMs: 1_000,
    });
    await ask(server);
    await ask(server);
    assert.equal(server.sessions.length, 1);
    await until(() => server.sessions[0]?.destroyed === true);
    await ask(server);
    assert.equal(server.sessions.length, 2);
  });

  test('finish on a connection that is no longer used for new ones', async (t) => {
    let release: (() => void) | undefined;
    const server = await http2Server(t, (_request, response) => {
      release = () => response.end('done');
    });
    const asked = ask(server);
    await until(() => release !== undefined);
    server.http2.retire();
    release?.();
    assert.equal((await asked).text, 'done');
    await until(() => server.sessions[0]?.destroyed === true);
  });
});
