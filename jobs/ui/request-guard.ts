import type { IncomingHttpHeaders } from 'node:http';
import { isGiven } from '../serve/bearer-token.ts';

export interface GuardedRequest {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Whether the response contains data of the cluster, and not only files of the page. */
  readonly isData: boolean;
}

export interface Guard {
  readonly port: number;
  /** The digest of the token. */
  readonly token: Buffer;
}

export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/**
 * The reason why a request is refused; undefined if it is served.
 *
 * - Another name in `host` shows an attempt to reach the server through the DNS name of another site.
 * - `origin` and `sec-fetch-site` show that a page of another site sent the request.
 * - The token must be in a header. Each page on this machine would send a cookie, and would also send
 * it to servers on all other ports.
 *
 * Pure.
 */
export function refusalOf(request: GuardedRequest, { port, token }: Guard): Refusal | undefined {
  const { method, headers, isData } = request;
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(headers.host ?? '')) {
    return { status: 421, text: `this server is only http://127.0.0.1:${port}` };
  }
  const { origin } = headers;
  if (origin !== undefined && origin !== `http://${headers.host}`) {
    return { status: 403, text: 'requests of other origins are refused' };
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, text: 'only GET and HEAD are supported' };
  }
  if (!isData) return undefined;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') {
    return { status: 403, text: 'requests of other sites are refused' };
  }
  if (isGiven(headers.authorization, token)) return undefined;
  return { status: 401, text: 'the token is wrong: open the address that wave-cron ui printed' };
}
