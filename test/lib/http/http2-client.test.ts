import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Http2Client } from '../../../lib/http/http2-client.ts';
import { https } from '../../../lib/http/node-http.ts';
import { createAuthority, serverCertificate } from '../../../tools/control-plane/certificates.ts';
import { ask, http2Server, until, untilConnections } from './http2-server.ts';
import { listen } from './local-servers.ts';

describe('requests to a server with HTTP/2', () => {
  it('share one connection, also if they begin before it is open', async (t) => {
    const server = await http2Server(t, ({ url }, response) => response.end(url));
    const paths = Array.from({ length: 300 }, (_, i) => `/${i}`);
    const answers = await Promise.all(paths.map((path) => ask(server, path)));
    assert.deepEqual(
      answers.map(({ text }) => text),
      paths,
    );
    await ask(server);
    assert.equal(server.sessions.length, 1);
  });

  it('are sent on another connection after a GOAWAY of the server, and those under way finish', async (t) => {
    let release: (() => void) | undefined;
    const server = await http2Server(t, ({ url }, response) => {
      if (url === '/slow') release = () => response.end('done');
      else response.end();
    });
    const slow = ask(server, '/slow');
    await until(() => release !== undefined);
    server.sessions[0]?.goaway();
    await untilConnections(server, 2);
    release?.();
    assert.equal((await slow).text, 'done');
  });

  it('are sent on another connection after the server closed it, or it was lost', async (t) => {
    const server = await http2Server(t, (_request, response) => response.end());
    await ask(server);
    server.sessions[0]?.close();
    await untilConnections(server, 2);
    server.cut();
    await untilConnections(server, 3);
  });

  it('are sent on another connection after one had no response in time', async (t) => {
    const server = await http2Server(t, ({ url }, response) => {
      if (url !== '/hangs') response.end();
    });
    await ask(server);
    await assert.rejects(ask(server, '/hangs', { timeoutMs: 50 }), { name: 'TimeoutError' });
    await ask(server);
    assert.equal(server.sessions.length, 2);
  });

  it('that have no connection in time fail, and later ones try again', async (t) => {
    const server = await http2Server(t, (_request, response) => response.end());
    let isSilent = true;
    const sockets: Socket[] = [];
    const port = await listen(
      t,
      createTcpServer((socket) => {
        sockets.push(socket.on('error', () => {}));
        if (isSilent) return;
        const { port: to } = new URL(server.url);
        const inner = connect(Number(to), '127.0.0.1');
        sockets.push(inner.on('error', () => {}));
        socket.pipe(inner).pipe(socket);
      }),
    );
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    const { certificate } = server;
    const http2 = new Http2Client({
      ...{ host: '127.0.0.1', port, idleMs: 30_000, tls: { ca: certificate } },
    });
    t.after(() => http2.retire());
    const through = { url: `https://127.0.0.1:${port}`, http2 };
    await assert.rejects(ask(through, '/', { timeoutMs: 50 }), { name: 'TimeoutError' });
    isSilent = false;
    assert.equal((await ask(through)).status, 200);
  });
});

describe('requests to a server without HTTP/2', () => {
  it('are sent over HTTP/1.1, and HTTP/2 is offered once', async (t) => {
    const { url, http2, offers, agent } = await http1Server(t);
    for (let i = 0; i < 3; i += 1)
      assert.equal((await ask({ url, http2 }, '/', { agent })).text, '1.1');
    assert.equal(offers.filter((protocols) => protocols.includes('h2')).length, 1);
  });
});

async function http1Server(t: TestContext) {
  const authority = createAuthority();
  const { certificate: cert, key } = serverCertificate(authority, ['127.0.0.1']);
  const offers: (readonly string[])[] = [];
  const server = createServer(
    {
      ...{ cert, key },
      ALPNCallback({ protocols }) {
        offers.push(protocols);
        return protocols.includes('http/1.1') ? 'http/1.1' : undefined;
      },
    },
    ({ httpVersion }, response) => response.end(httpVersion),
  );
  const port = await listen(t, server);
  const tls = { ca: authority.certificate };
  const agent = new https.Agent({ keepAlive: true, ...tls });
  t.after(() => agent.destroy());
  const http2 = new Http2Client({ host: '127.0.0.1', port, idleMs: 30_000, tls });
  return { url: `https://127.0.0.1:${port}`, http2, offers, agent };
}
