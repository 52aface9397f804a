import type { Agent, IncomingHttpHeaders } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { http, https } from './node-http.ts';

export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** False: a connection of its own, closed afterwards. */
  readonly agent: Agent | false;
  /** Ends it, whatever state it is in. */
  readonly signal: AbortSignal;
  /** Characters of the answer after which the rest is not waited for. Default: all. */
  readonly enough?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Bytes of the body, as they came. */
  readonly bytes: number;
}

/**
 * One request over HTTP and its whole answer, whatever the status. With Node's own client: it is
 * there at once, where the import of another takes as long as all requests of a small pass; and
 * measured side by side it needs no more time for each request.
 *
 * @throws the error of the socket, of TLS or of the signal, where no whole answer came
 */
export function exchange(url: string, request: HttpRequest): Promise<HttpAnswer> {
  const { method, headers, body, agent, signal, enough = Number.POSITIVE_INFINITY } = request;
  const { request: send } = url.startsWith('http:') ? http : https;
  return new Promise((resolve, reject) => {
    const sent = send(url, { method, headers, agent, signal }, (response) => {
      // Decoded as it comes: so the memory is the heap's, which is given back soon, and not that of
      // buffers, which the collector takes for small.
      const decoder = new StringDecoder('utf8');
      let text = '';
      let bytes = 0;
      const done = (): void => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, bytes });
      };
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        text += decoder.write(chunk);
        if (text.length < enough) return;
        done();
        response.destroy();
      });
      response.on('end', () => {
        text += decoder.end();
        done();
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
