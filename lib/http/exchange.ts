import type { Agent, IncomingHttpHeaders, RequestOptions } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { urlToHttpOptions } from 'node:url';
import { http, https } from './node-http.ts';

/**
 * A server and a base path. It is created once, because parsing a URL takes as long as sending a
 * request.
 */
export interface Endpoint {
  readonly options: Readonly<RequestOptions>;
  /** Without a trailing slash. */
  readonly path: string;
}

export interface HttpRequest {
  readonly method: string;
  /** Below the endpoint, with its query, already escaped. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string | undefined;
  /** False: a separate connection, which is closed afterwards. */
  readonly agent: Agent | false;
  /** Time-out of the whole exchange, including the body. */
  readonly timeoutMs: number;
  /** Ends the exchange in any state. */
  readonly signal?: AbortSignal | undefined;
  /** Maximum bytes of the response to read. Default: all. */
  readonly enough?: number;
  /**
   * Called with the bytes of the body so far, each time more bytes arrive. If it returns false, the
   * exchange ends. Default: up to `largestAnswer`. It is not called for an error response, of which
   * only the beginning is read.
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
 * 6 MiB, because a control character takes six bytes. A larger response cannot be what was
 * requested.
 */
export const largestAnswer = 8 * 1024 * 1024;
/** Maximum for an error response. A Status object is much smaller. */
const largestRefusal = 256 * 1024;
const pieceBytes = 256 * 1024;

/** Reading a response stopped, because it was larger than admitted. */
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

/**
 * Sends one HTTP request and returns the complete response with any status. It uses Node's own
 * client: importing another one takes as long as all requests of a small pass, and measurements
 * show no faster requests (docs/performance.md).
 *
 * Time-out and signal are handled here, because a signal per request, or the client's own handling,
 * costs as much as all other work for a request.
 *
 * @throws the error of the socket or of TLS, or the reason of the signal, if no complete response
 * arrived; an error named TimeoutError after the time-out; TooLargeError
 */
export function exchange({ options, path }: Endpoint, request: HttpRequest): Promise<HttpAnswer> {
  const { method, headers, body, agent, timeoutMs, signal } = request;
  const { admits = (bytes: number) => bytes <= largestAnswer } = request;
  const { request: send } = options.protocol === 'http:' ? http : https;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const target = {
      ...options,
      path: `${path}${request.path}`,
      method,
      headers,
      agent,
      // Set explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect. An option of the agent
      // takes precedence.
      rejectUnauthorized: true,
    };
    const sent = send(target, (response) => {
      // The body is decoded in pieces. So it uses heap memory, which is freed soon, instead of
      // buffers, which the collector considers small. The pieces are large enough that the
      // collector does not copy them.
      const decoder = new StringDecoder('utf8');
      let text = '';
      let chunks: Buffer[] = [];
      let waiting = 0;
      let bytes = 0;
      const status = response.statusCode ?? 0;
      const isSuccess = status >= 200 && status < 300;
      const { enough = isSuccess ? Number.POSITIVE_INFINITY : largestRefusal } = request;
      const decode = (): void => {
        const [first] = chunks;
        text += decoder.write(
          chunks.length === 1 && first ? first : Buffer.concat(chunks, waiting),
        );
        chunks = [];
        waiting = 0;
      };
      const done = (): void => {
        settled();
        decode();
        text += decoder.end();
        resolve({ status, headers: response.headers, text, bytes });
      };
      response.on('data', (chunk: Buffer) => {
        if (isOver) return;
        bytes += chunk.length;
        if (isSuccess && !admits(bytes)) {
          chunks = [];
          fail(new TooLargeError(bytes));
          return;
        }
        waiting += chunk.length;
        chunks.push(chunk);
        if (waiting >= pieceBytes) decode();
        if (bytes < enough) return;
        done();
        response.destroy();
      });
      response.on('end', done);
      response.on('error', fail);
    });
    let isOver = false;
    const settled = (): void => {
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
    function fail(error: unknown): void {
      settled();
      reject(error);
      sent.destroy();
    }
    const aborted = (): void => fail(signal?.reason);
    const tooLong = (): void => fail(new DOMException('no response in time', 'TimeoutError'));
    const timer = setTimeout(tooLong, timeoutMs);
    signal?.addEventListener('abort', aborted);
    sent.on('error', fail);
    sent.end(body);
  });
}
