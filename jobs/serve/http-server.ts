import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { UsageError } from '../../lib/errors.ts';
import { listenAddress } from '../../lib/settings/listen-address.ts';
import { boundConnections, type ConnectionBounds } from '../cli/connections.ts';
import { onFirstRequest } from './first-request.ts';

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface HttpServer {
  /** `127.0.0.1:8080`, with the port that was chosen where 0 was asked for. */
  readonly address: string;
  /** Ends the connections too. */
  close(): Promise<void>;
}

const shippedBounds: ConnectionBounds = { most: 100, lifeMs: 5000 };

/** A probe's head has 0.2 kB; a proxy in between may add to it. */
const maxHeadBytes = 4096;

/**
 * Serves pages by their path, to GET and HEAD, one to a connection: a kubelet makes one for each probe,
 * and Prometheus asks too seldom to find its last one open.
 *
 * @param listen as the setting of this name
 * @throws UsageError where it cannot be listened there
 */
export async function serve(
  listen: string,
  pages: Readonly<Record<string, () => Page | Promise<Page>>>,
  bounds: ConnectionBounds = shippedBounds,
): Promise<HttpServer> {
  const { host, port } = listenAddress(listen) ?? {};
  const paths = Object.keys(pages).join(', ');
  const http = createHttpServer((request, response) => {
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return send(response, plain(405, 'only GET and HEAD are supported'));
    }
    const page = pages[(request.url ?? '').split('?', 1)[0] ?? ''];
    if (page === undefined) return send(response, plain(404, `not found; available: ${paths}`));
    Promise.resolve()
      .then(page)
      .then(
        (found) => send(response, found),
        () => send(response, plain(500, 'internal error: this is a bug in wave-cron')),
      );
  });
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Its other end has gone: 'close' follows.
    socket.on('error', () => {});
    onFirstRequest(socket, maxHeadBytes, (stream) => http.emit('connection', stream));
  });
  boundConnections(server, bounds);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(listen, error)));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
  return {
    address: addressText(server.address()),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      return closed;
    },
  };
}

export function plain(status: number, text: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', text: `${text}\n` };
}

function send(response: ServerResponse, { status, contentType, text }: Page): void {
  response.writeHead(status, {
    ...{ 'content-type': contentType, 'cache-control': 'no-store' },
    connection: 'close',
  });
  response.end(text);
}

const whyNot: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there: choose another port, or stop that process',
  EACCES: 'permission denied: choose a port of 1024 or more',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name does not exist',
};

function cannotListen(listen: string, error: NodeJS.ErrnoException): UsageError {
  const why = whyNot[error.code ?? ''] ?? error.message;
  return new UsageError(`cannot listen on ${JSON.stringify(listen)} (setting listen): ${why}`);
}

function addressText(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return String(address);
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
}
