import type { Agent, IncomingHttpHeaders, RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import type { Http2Connection } from './http2-connection.ts';
import { http, http2, https } from './node-http.ts';

/**
 * A server and a base path. Create an endpoint only once, because parsing a URL takes as long as
 * sending a request.
 */
export interface Endpoint {
  readonly options: Readonly<RequestOptions>;
  /** The path of the base URL, without a trailing slash. */
  readonly path: string;
}

export interface OutgoingRequest {
  readonly method: string;
  /** The path below the endpoint, with the query, already escaped. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string | undefined;
  /** False: use a separate connection, which is closed after the exchange. */
  readonly agent: Agent | false;
}

/** Receives the response to a request. */
export interface Receiver {
  answered(status: number, headers: IncomingHttpHeaders, body: Readable): void;
  failed(error: unknown): void;
}

/** @returns cancels the request */
export function sendOverHttp1(
  { options, path }: Endpoint,
  { method, path: target, headers, body, agent }: OutgoingRequest,
  { answered, failed }: Receiver,
): () => void {
  const { request: send } = options.protocol === 'http:' ? http : https;
  const sent = send(
    {
      ...options,
      ...{ path: `${path}${target}`, method, headers, agent },
      // Set explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect. An option of the agent
      // takes precedence.
      rejectUnauthorized: true,
    },
    (response) => {
      response.on('error', failed);
      answered(response.statusCode ?? 0, response.headers, response);
    },
  );
  sent.on('error', failed);
  sent.end(body);
  return () => sent.destroy();
}

/** @returns cancels the request */
export function sendOverHttp2(
  connection: Http2Connection,
  { options, path }: Endpoint,
  { method, path: target, headers, body }: OutgoingRequest,
  { answered, failed }: Receiver,
): () => void {
  const { constants } = http2();
  const stream = connection.send(
    {
      ...headers,
      ':method': method,
      ':authority': `${options.hostname}:${options.port ?? 443}`,
      ':path': `${path}${target}`,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    },
    body,
  );
  const closed = (): void => failed(lostConnection());
  // If the connection is lost, the body ends as if it were complete, but the stream has an error
  // code. This code has to be checked before the receiver is notified of the end.
  stream.once('end', () => {
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) closed();
  });
  stream.on('error', failed);
  stream.once('close', closed);
  stream.once('response', ({ ':status': status = 0, ...fields }) =>
    answered(status, fields, stream),
  );
  return () => stream.close(constants.NGHTTP2_CANCEL);
}

export function lostConnection(): Error {
  const lost = new Error('the connection was closed before the response was complete');
  return Object.assign(lost, { code: 'ECONNRESET' });
}
