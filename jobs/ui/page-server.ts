import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeError, UsageError, WaveCronError } from '../../lib/errors.ts';
import { jsonLine } from '../output/json-text.ts';
import { digest } from '../serve/bearer-token.ts';
import { documentPath, type PageFile, type PageFiles } from './page-files.ts';
import { refusalOf } from './request-guard.ts';
import { responseHeaders } from './response-headers.ts';

/** The functions that return the data of the page. */
export interface PageData {
  /**
   * Objects by path. Undefined: the object does not exist.
   *
   * @throws UsageError for invalid parameters; WaveCronError
   */
  readonly objects: Readonly<Record<string, (query: URLSearchParams) => Promise<object>>>;
  /**
   * Streams by path. Each message is an object.
   *
   * @returns a function that ends the stream
   * @throws UsageError for invalid parameters
   */
  readonly streams: Readonly<Record<string, (query: URLSearchParams, send: Send) => () => void>>;
}

export type Send = (message: object) => void;

export interface PageServer {
  readonly port: number;
  /** Closes all connections. */
  close(): Promise<void>;
}

export interface Served {
  /** 0: any free port. */
  readonly port: number;
  readonly token: string;
  readonly files: PageFiles;
  readonly data: PageData;
}

/** Browsers open at most six connections for all pages of a server. */
const mostConnections = 100;
/**
 * A page that does not read its stream is disconnected at this number of unread bytes. It then connects
 * again.
 */
const mostUnreadBytes = 1 << 20;
const dataPrefix = '/api/';

/**
 * Serves the page and its data on the loopback interface.
 *
 * @throws UsageError if the server cannot listen on the port
 */
export async function servePage({ port, token, files, data }: Served): Promise<PageServer> {
  const guard = { port, token: digest(token) };
  const server = createServer(
    { maxHeaderSize: 8192, requestTimeout: 10_000 },
    (request, response) => {
      request.resume();
      const url = URL.parse(`http://page${request.url}`);
      if (url === null) return sendText(response, 400, 'the address is invalid');
      const isData = url.pathname.startsWith(dataPrefix);
      const { method, headers } = request;
      const refusal = refusalOf({ method, headers, isData }, guard);
      if (refusal !== undefined) sendText(response, refusal.status, refusal.text);
      else if (isData) void sendData(request, response, url, data);
      else sendFile(response, files.get(url.pathname) ?? documentFor(url.pathname, files));
    },
  );
  server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(port, error)));
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  guard.port = (server.address() as AddressInfo).port;
  return {
    port: guard.port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The same document serves all addresses of pages. Its script shows the page for the address. */
function documentFor(path: string, files: PageFiles): PageFile | undefined {
  return /^\/(timeline|workload\/.+)$/.test(path) ? files.get(documentPath) : undefined;
}

function sendFile(response: ServerResponse, file: PageFile | undefined): void {
  if (file === undefined) {
    sendText(response, 404, 'there is no such page');
    return;
  }
  const { contentType, content } = file;
  response.writeHead(200, {
    ...responseHeaders,
    ...{ 'content-type': contentType, 'content-length': content.length },
  });
  response.end(content);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...responseHeaders, 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

async function sendData(
  request: IncomingMessage,
  response: ServerResponse,
  { pathname, searchParams }: URL,
  { objects, streams }: PageData,
): Promise<void> {
  try {
    const stream = Object.hasOwn(streams, pathname) ? streams[pathname] : undefined;
    if (stream !== undefined && request.method === 'GET') {
      sendStream(response, (send) => stream(searchParams, send));
      return;
    }
    const object = Object.hasOwn(objects, pathname) ? objects[pathname] : undefined;
    if (object === undefined) sendText(response, 404, 'there is no such data');
    else sendJson(response, 200, await object(searchParams));
  } catch (error) {
    if (response.headersSent) response.destroy();
    else sendJson(response, statusOf(error), { problem: describeError(error) });
  }
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return 400;
  return error instanceof WaveCronError ? 502 : 500;
}

function sendJson(response: ServerResponse, status: number, object: object): void {
  const text = jsonLine(object);
  response.writeHead(status, { ...responseHeaders, 'content-type': 'application/json' });
  response.end(text);
}

/** Sends server-sent events. */
function sendStream(response: ServerResponse, open: (send: Send) => () => void): void {
  const send = (message: object): void => {
    if (!response.headersSent) {
      response.writeHead(200, { ...responseHeaders, 'content-type': 'text/event-stream' });
    }
    response.write(`data: ${jsonLine(message)}\n\n`);
    if (response.writableLength > mostUnreadBytes) response.destroy();
  };
  response.once('close', open(send));
}

const whyNot: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there: choose another port, or leave out --port',
  EACCES: 'permission denied: choose a port of 1024 or more',
};

function cannotListen(port: number, { code = '', message }: NodeJS.ErrnoException): UsageError {
  return new UsageError(`cannot listen on 127.0.0.1:${port}: ${whyNot[code] ?? message}`);
}
