import { StringDecoder } from 'node:string_decoder';
import { type HttpAnswer, type HttpRequest, TooLargeError } from './exchange.ts';
import { type Endpoint, type Receiver, sendOverHttp1 } from './send.ts';

export interface LineRequest extends Pick<HttpRequest, 'path' | 'headers' | 'agent' | 'signal'> {
  /** Ends the exchange if nothing arrives for this time. In milliseconds. */
  readonly idleMs: number;
  /** The maximum length of a line in characters. */
  readonly longestLine: number;
  /** Called with each complete line of a successful response. If it throws, the exchange ends. */
  readonly onLine: (line: string) => void;
}

/** An error response is a Status object, which is small. */
const largestRefusal = 256 * 1024;

/** As the function `readLines`. */
export type ReadLines = typeof readLines;

/**
 * Sends a GET and passes on the lines of the response until the server ends the response. An
 * incomplete line at the end is dropped.
 *
 * @returns the response; `text` is empty for a successful one
 * @throws as `exchange`, and the error of `onLine`; TooLargeError for a line that is too long; an
 * error named TimeoutError after an idle time
 */
export function readLines(to: Endpoint, request: LineRequest): Promise<HttpAnswer> {
  const { idleMs, signal } = request;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const settled = (): void => {
      clearTimeout(idle);
      signal?.removeEventListener('abort', aborted);
    };
    const failed = (error: unknown): void => {
      settled();
      reject(error);
      cancel();
    };
    const answered: Receiver['answered'] = (status, headers, response) => {
      const body = status >= 200 && status < 300 ? new Lines(request) : new Beginning();
      response.on('data', (chunk: Buffer) => {
        idle.refresh();
        try {
          body.take(chunk);
        } catch (error) {
          failed(error);
        }
      });
      response.on('end', () => {
        settled();
        resolve({ status, headers, text: body.text, bytes: body.bytes });
      });
    };
    const aborted = (): void => failed(signal?.reason);
    const silent = (): void =>
      failed(new DOMException('nothing arrived for too long', 'TimeoutError'));
    const idle = setTimeout(silent, idleMs);
    signal?.addEventListener('abort', aborted);
    const cancel = sendOverHttp1(to, { ...request, method: 'GET' }, { answered, failed });
  });
}

/**
 * Splits a body into lines. Even a line that never ends takes at most the memory of the longest
 * allowed line.
 */
class Lines {
  readonly text = '';
  bytes = 0;
  readonly #request: Pick<LineRequest, 'onLine' | 'longestLine'>;
  readonly #decoder = new StringDecoder('utf8');
  #begun: string[] = [];
  #length = 0;

  constructor(request: Pick<LineRequest, 'onLine' | 'longestLine'>) {
    this.#request = request;
  }

  take(chunk: Buffer): void {
    this.bytes += chunk.length;
    const [first = '', ...others] = this.#decoder.write(chunk).split('\n');
    this.#continue(first);
    for (const next of others) {
      const line = this.#begun.join('');
      this.#begun = [];
      this.#length = 0;
      if (line !== '') this.#request.onLine(line);
      this.#continue(next);
    }
  }

  #continue(piece: string): void {
    this.#length += piece.length;
    if (this.#length > this.#request.longestLine) throw new TooLargeError(this.bytes);
    if (piece !== '') this.#begun.push(piece);
  }
}

/** The beginning of the body of an error response. */
class Beginning {
  bytes = 0;
  #text = '';
  readonly #decoder = new StringDecoder('utf8');

  get text(): string {
    return this.#text;
  }

  take(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes <= largestRefusal) this.#text += this.#decoder.write(chunk);
  }
}
