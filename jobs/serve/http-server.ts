import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { UsageError } from '../../lib/errors.ts';
import { listenAddress } from '../../lib/settings/listen-address.ts';
import { boundConnections, type ConnectionBounds } from '../cli/connections.ts';
import { FirstRequest, onFirstRequest } from './first-request.ts';

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type GetPage = () => Page | Promise<Page>;

/** A POST request. Its body is read only on demand. */
export interface PostRequest {
  readonly headers: IncomingHttpHeaders;
  /**
   * @param length in bytes, from the header `content-length`
   * @throws Error if the connection ends before the body is complete
   */
  body(length: number): Promise<Buffer>;
}

type PostPage = (request: PostRequest) => Page | Promise<Page>;

/** Pages by path. */
export interface Pages {
  /** The pages for GET and HEAD, by path. */
  readonly get: Readonly<Record<string, GetPage>>;
  readonly post?: Readonly<Record<string, PostPage>> | undefined;
}

export interface HttpServer {
  /** `127.0.0.1:8080`, with the chosen port if port 0 was requested. */
  readonly address: string;
  /** Stops the server and closes its connections. */
  close(): Promise<void>;
}

const shippedBounds: ConnectionBounds = { most: 100, lifeMs: 5000 };

/** The head of a probe takes 0.2 kB, and a proxy may add headers. */
const maxHeadBytes = 4096;

/**
 * Serves pages by path, with one request per connection: a kubelet opens a connection for each
 * probe, and Prometheus scrapes too rarely to reuse a connection.
 *
 * @param listen the value of the setting with this name
 * @throws UsageError if it cannot listen on this address
 */
export async function serve(
  listen: string,
  pages: Pages,
  bounds: ConnectionBounds = shippedBounds,
): Promise<HttpServer> {
  const { host, port } = listenAddress(listen) ?? {};
  const http = createHttpServer((request, response) => {
    request.resume();
    Promise.resolve(request)
      .then((it) => pageFor(it, pages))
      .then(
        (found) => send(response, found),
        () => send(response, plain(500, 'internal error: this is a bug in wave-cron')),
      );
  });
  const isBodyKept = (head: Buffer): boolean =>
    pages.post !== undefined && head.subarray(0, postStart.length).equals(postStart);
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Ignored: the other end has closed the connection, and the event 'close' follows.
    socket.on('error', () => {});
    onFirstRequest(socket, maxHeadBytes, isBodyKept, (stream) => http.emit('connection', stream));
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

const postStart = Buffer.from('POST ');

function pageFor(request: IncomingMessage, { get, post = {} }: Pages): Page | Promise<Page> {
  const { method, url = '', headers, socket } = request;
  const path = url.split('?', 1)[0] ?? '';
  const posted = Object.hasOwn(post, path) ? post[path] : undefined;
  if (method === 'POST' && posted !== undefined && socket instanceof FirstRequest) {
    return posted({ headers, body: (length) => socket.body(length) });
  }
  if (posted !== undefined) return notAllowed('POST', 'only POST is supported');
  if (method !== 'GET' && method !== 'HEAD') {
    return notAllowed('GET, HEAD', 'only GET and HEAD are supported');
  }
  const page = Object.hasOwn(get, path) ? get[path] : undefined;
  const paths = Object.keys({ ...get, ...post }).join(', ');
  return page === undefined ? plain(404, `not found; available: ${paths}`) : page();
}

function notAllowed(allow: string, text: string): Page {
  return { ...plain(405, text), headers: { allow } };
}

export function plain(status: number, text: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', text: `${text}\n` };
}

function send(response: ServerResponse, { status, contentType, text, headers }: Page): void {
  response.writeHead(status, {
    ...headers,
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
