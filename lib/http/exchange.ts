import type { Agent, IncomingHttpHeaders, RequestOptions } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { urlToHttpOptions } from 'node:url';
import { http, https } from './node-http.ts';

/** A server and perhaps a part of it; made once, since a URL takes as long to parse as a request to send. */
export interface Endpoint {
  readonly options: Readonly<RequestOptions>;
  /** Without a slash at its end. */
  readonly path: string;
}

export interface HttpRequest {
  readonly method: string;
  /** Below the endpoint, with its query; escaped already. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string | undefined;
  /** False: a connection of its own, closed afterwards. */
  readonly agent: Agent | false;
  /** How long it may take, body included. */
  readonly timeoutMs: number;
  /** Ends it, whatever state it is in. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the answer after which the rest is not waited for. Default: all. */
  readonly enough?: number;
  /**
   * Asked, with the bytes of the answer's body so far, each time more have come; where it says false, the
   * exchange ends at once. Default: up to `largestAnswer`. Not asked of an answer that is no success, of
   * which no more than its beginning is ever read.
   */
  readonly admits?: ((bytes: number) => boolean) | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Bytes of the body, as they came. */
  readonly bytes: number;
}

/**
 * The largest object that an API server holds is some 1.5 MiB as it is stored; as JSON, where a control
 * character takes six bytes, it may be 6 MiB and more. What is larger is not an answer to what we ask.
 */
export const largestAnswer = 8 * 1024 * 1024;
/** Of why a server refuses; a Status object is far smaller. */
const largestRefusal = 256 * 1024;
const pieceBytes = 256 * 1024;

/** An answer that was given up because there was more of it than was admitted. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
  /** Of the body, that had come. */
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
 * One request over HTTP and its whole answer, whatever the status. With Node's own client: it is
 * there at once, where the import of another takes as long as all requests of a small pass; and
 * measured side by side it needs no more time for each request.
 *
 * Time-out and signal are heeded here: signals made for each request, and the client's own care for
 * one, cost as much as the rest of what we do about a request.
 *
 * @throws the error of the socket or of TLS, or the reason of the signal, where no whole answer came;
 * one of the name TimeoutError where it took too long; TooLargeError
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
      // Said here, so that NODE_TLS_REJECT_UNAUTHORIZED does not count; what an agent says counts before it.
      rejectUnauthorized: true,
    };
    const sent = send(target, (response) => {
      // Decoded piece by piece, so that the memory is the heap's, which is given back soon, and not that of
      // buffers, which the collector takes for small; and in pieces so large that it moves none of them.
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
