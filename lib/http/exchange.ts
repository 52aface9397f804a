import type { IncomingHttpHeaders } from 'node:http';
import { urlToHttpOptions } from 'node:url';
import { Body } from './body.ts';
import type { Http2Client } from './http2-client.ts';
import type { Http2Connection } from './http2-connection.ts';
import {
  type Endpoint,
  lostConnection,
  type OutgoingRequest,
  type Receiver,
  sendOverHttp1,
  sendOverHttp2,
} from './send.ts';

export interface HttpRequest extends OutgoingRequest {
  /** Used instead of the agent if the server supports HTTP/2. */
  readonly http2?: Http2Client | undefined;
  /** Time-out of the whole exchange, including the body. */
  readonly timeoutMs: number;
  /** Ends the exchange in any state. */
  readonly signal?: AbortSignal | undefined;
  /** Maximum bytes of the response to read. Default: all. */
  readonly enough?: number;
  /**
   * Called each time more bytes of the body arrive, with the number of bytes so far. If it returns
   * false, the exchange ends. Default: up to `largestAnswer`. It is not called for an error
   * response, because only the beginning of an error response is read.
   */
  readonly admits?: ((bytes: number) => boolean) | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Received bytes of the body. */
  readonly bytes: number;
}

/**
 * The largest object in an API server takes about 1.5 MiB in storage. As JSON it may take more than
 * 6 MiB, because a control character takes six bytes. If a response is larger, it cannot be the
 * requested object.
 */
export const largestAnswer = 8 * 1024 * 1024;
/** Maximum for an error response. A Status object is much smaller. */
const largestRefusal = 256 * 1024;

/** The response was larger than admitted, so reading it stopped. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
  /** Received bytes of the body. */
  readonly bytes: number;

  constructor(bytes: number) {
    super('the answer is too large');
    this.bytes = bytes;
  }
}

/** @param url http or https */
export function endpoint(url: string): Endpoint {
  const parsed = new URL(url);
  return { options: urlToHttpOptions(parsed), path: parsed.pathname.replace(/\/+$/, '') };
}

/** As the function `exchange`. */
export type Exchange = typeof exchange;

/**
 * Sends one HTTP request and returns the complete response with any status. It uses Node's own
 * clients: importing another client takes as long as all requests of a small pass, and according to
 * measurements its requests are not faster (docs/performance.md).
 *
 * Time-out and signal are handled here. A signal of its own for each request, or the handling in
 * Node's client, would cost as much as all other work for a request.
 *
 * @throws the error of the socket or of TLS, or the reason of the signal, if no complete response
 * arrived; an error named TimeoutError after the time-out; TooLargeError
 */
export function exchange(to: Endpoint, request: HttpRequest): Promise<HttpAnswer> {
  const { timeoutMs, signal, http2: client } = request;
  const { admits = (bytes: number) => bytes <= largestAnswer } = request;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let isOver = false;
    let cancel = (): void => {};
    const settled = (): void => {
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
    const failed = (error: unknown): void => {
      if (isOver) return;
      settled();
      reject(error);
      cancel();
    };
    const answered: Receiver['answered'] = (status, headers, response) => {
      const isSuccess = status >= 200 && status < 300;
      const { enough = isSuccess ? Number.POSITIVE_INFINITY : largestRefusal } = request;
      const body = new Body();
      const done = (): void => {
        if (isOver) return;
        settled();
        resolve({ status, headers, text: body.end(), bytes: body.bytes });
      };
      response.on('data', (chunk: Buffer) => {
        if (isOver) return;
        body.take(chunk);
        if (isSuccess && !admits(body.bytes)) {
          failed(new TooLargeError(body.bytes));
          return;
        }
        if (body.bytes < enough) return;
        done();
        cancel();
      });
      const length = Number(headers['content-length'] ?? Number.NaN);
      response.on('end', () => {
        // Node reports an incomplete body only over HTTP/1.1.
        if (body.bytes < length) failed(lostConnection());
        else done();
      });
    };
    const aborted = (): void => failed(signal?.reason);
    const tooLong = (): void => {
      client?.retire();
      failed(new DOMException('no response in time', 'TimeoutError'));
    };
    const timer = setTimeout(tooLong, timeoutMs);
    signal?.addEventListener('abort', aborted);
    const begin = (connection: Http2Connection | undefined): void => {
      if (isOver) return;
      const receiver = { answered, failed };
      cancel =
        connection === undefined
          ? sendOverHttp1(to, request, receiver)
          : sendOverHttp2(connection, to, request, receiver);
    };
    if (client === undefined) begin(undefined);
    else client.connection().then(begin).catch(failed);
  });
}
