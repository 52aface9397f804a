/** A local HTTP/2 server that runs until the test ends, and a client for it. */
import type { RequestListener } from 'node:http';
import { createSecureServer, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import { endpoint, exchange, type HttpRequest } from '../../../lib/http/exchange.ts';
import { Http2Client } from '../../../lib/http/http2-client.ts';
import { createAuthority, serverCertificate } from '../../../tools/control-plane/certificates.ts';
import { listen } from './local-servers.ts';

const host = '127.0.0.1';
const authority = createAuthority();
const { certificate: cert, key } = serverCertificate(authority, [host]);

export interface LocalHttp2 {
  readonly url: string;
  readonly http2: Http2Client;
  /** The certificate of the authority that signed the server's certificate. */
  readonly certificate: string;
  readonly sessions: readonly ServerHttp2Session[];
  /** Closes all connections without an HTTP/2 frame. */
  cut(): void;
}

export interface ServerOptions {
  readonly idleMs?: number;
  /** Options of the client in addition to the certificate of the authority. */
  readonly tls?: ConnectionOptions;
  readonly allowHTTP1?: boolean;
}

export async function http2Server(
  t: TestContext,
  answer: RequestListener,
  { idleMs = 30_000, tls = {}, allowHTTP1 = false }: ServerOptions = {},
): Promise<LocalHttp2> {
  // A listener for HTTP/1.1 works with the compatibility API of HTTP/2.
  const server = createSecureServer({ cert, key, allowHTTP1 }, answer as never);
  const sessions: ServerHttp2Session[] = [];
  const sockets: Socket[] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('connection', (socket: Socket) => sockets.push(socket));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(cut);
  const port = await listen(t, server);
  const http2 = new Http2Client({
    ...{ host, port, idleMs },
    tls: { ca: authority.certificate, ...tls },
  });
  t.after(() => http2.retire());
  return {
    url: `https://${host}:${port}`,
    http2,
    certificate: authority.certificate,
    sessions,
    cut,
  };
}

type How = Partial<Pick<HttpRequest, 'agent' | 'timeoutMs' | 'method' | 'body'>>;

/** Sends a request to the server. */
export function ask({ url, http2 }: Pick<LocalHttp2, 'url' | 'http2'>, path = '/', how: How = {}) {
  const request = { method: 'GET', path, headers: {}, agent: false, http2, timeoutMs: 30_000 };
  return exchange(endpoint(url), { ...request, ...how } as HttpRequest);
}

/** Resolves when the condition is true. A connection needs some time to change its state. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(10);
}

/** Sends requests until the server has had `count` connections. */
export async function untilConnections(server: LocalHttp2, count: number): Promise<void> {
  await until(async () => {
    // The connection may be lost at this moment.
    await ask(server).catch(() => undefined);
    return server.sessions.length === count;
  });
}
