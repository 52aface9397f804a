/**
 * A proxy between a pass and the API server that applies faults to chosen requests:
 *
 *     const proxy = await faultProxy(t);
 *     proxy.on('GET', /\/secrets\/broken/, answer(500), { times: 1 });
 *     proxy.script({ verb: 'patch', resource: 'deployments', nth: 2 }, loseAnswer);
 *     const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
 *
 * Requests that match no rule go to the API server, and the responses come back unchanged. After `times`
 * uses, a rule no longer matches. The proxy passes on the client's bearer token. Without a token, it uses
 * the administrator's certificate.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { type ApiRequestName, apiRequestName } from './api-request.ts';
import { tlsFront } from './tls-front.ts';
import { askServer, streamOfServer } from './upstream.ts';

export type Answer = {
  status: number;
  headers?: OutgoingHttpHeaders | IncomingHttpHeaders;
  body?: Buffer | string;
};

/** One request that a fault handles. The fault replies, or breaks the connection, or does neither. */
export type Exchange = {
  readonly method: string;
  /** The path with the query. */
  readonly url: string;
  readonly request: ApiRequestName;
  readonly body: Buffer;
  /** Sends the request to the API server. `url` replaces the path and query of the request. */
  forward(url?: string): Promise<Answer>;
  /**
   * Passes on the response as it arrives. The proxy does this by default for a watch.
   *
   * @param keeps which lines to pass on; all lines by default
   */
  stream(keeps?: (line: string) => boolean): Promise<void>;
  reply(answer: Answer): void;
  /** Declares the length of the whole body, sends only the first half, then breaks the connection. */
  replyHalf(answer: Answer): void;
  /** Sends the body in this number of pieces, with a pause after each. */
  replySlowly(answer: Answer, pieces: number, pauseMs: number): Promise<void>;
  reset(): void;
  /** Sends bytes that no key decrypts. It throws if the proxy does not speak TLS. */
  breakTls(): void;
};
export type Fault = (exchange: Exchange) => Promise<void> | void;

export type RuleOptions = {
  /** How many matching requests pass first without the fault; 0 by default. */
  skip?: number;
  /** How many requests get the fault after that; all by default. */
  times?: number;
};

/** Which requests get a fault, in the terms of Kubernetes. An omitted field matches any value. */
export type Script = Partial<ApiRequestName> & {
  /** The first request with the fault, counted from 1 over the matching requests; 1 by default. */
  nth?: number;
  /** How many requests get the fault, from the nth on; 1 by default. */
  times?: number;
};

export type FaultProxy = {
  url: string;
  /** The number of TCP connections that clients have opened so far. */
  readonly connections: number;
  /** All requests so far, in the order of their arrival. */
  readonly seen: readonly { method: string; url: string; headers: IncomingHttpHeaders }[];
  on(method: string, url: RegExp, fault: Fault, options?: RuleOptions): void;
  script(what: Script, fault: Fault): void;
  /** Breaks the connections of all watches. */
  cutWatches(): void;
  /** Breaks all connections and refuses new ones until `back` is called, like an API server that is down. */
  away(): Promise<void>;
  back(): Promise<void>;
  /**
   * Writes a kubeconfig for this proxy, and returns its path. Without a token in `user`, the administrator
   * sends the requests.
   */
  kubeconfig(user?: Record<string, unknown>): string;
};

type Rule = {
  matches(method: string, url: string, request: ApiRequestName): boolean;
  fault: Fault;
  skip: number;
  times: number;
};

export type FaultProxyOptions = {
  /** If false, the proxy speaks HTTP/1.1 without TLS, as `kubectl proxy` does. Default: true. */
  tls?: boolean;
};

export async function faultProxy(
  t: Pick<TestContext, 'after'>,
  { tls = true }: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const { cluster } = testCluster();
  const rules: Rule[] = [];
  const seen: { method: string; url: string; headers: IncomingHttpHeaders }[] = [];
  let connections = 0;

  function chosen(method: string, url: string, request: ApiRequestName): Fault | undefined {
    for (const rule of rules) {
      if (!rule.matches(method, url, request)) continue;
      if (rule.skip > 0) {
        rule.skip -= 1;
        continue;
      }
      if (rule.times <= 0) continue;
      rule.times -= 1;
      return rule.fault;
    }
    return undefined;
  }

  const pass: Fault = async ({ request, forward, stream, reply }) => {
    if (request.verb === 'watch') await stream();
    else reply(await forward());
  };
  const watches = new Set<IncomingMessage>();

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url = '' } = incoming;
    seen.push({ method, url, headers: incoming.headers });
    const body = await bodyOf(incoming);
    const request = apiRequestName(method, url, body);
    const fault = chosen(method, url, request) ?? pass;
    const begin = ({ status, headers, body = '' }: Answer): Buffer => {
      const whole = Buffer.from(body);
      outgoing.writeHead(status, { ...kept(headers ?? {}), 'content-length': whole.length });
      return whole;
    };
    const reset = (): void => {
      if (front === undefined) incoming.socket.resetAndDestroy();
      else front.reset(incoming);
    };
    await fault({
      method,
      url,
      request,
      body,
      forward: (other = url) => askServer(other, incoming, body),
      async stream(keeps = () => true) {
        watches.add(incoming);
        outgoing.once('close', () => watches.delete(incoming));
        const answer = await streamOfServer(url, incoming, body);
        outgoing.once('close', () => answer.destroy());
        outgoing.writeHead(answer.statusCode ?? 0, kept(answer.headers));
        for await (const line of createInterface({ input: answer })) {
          if (keeps(line)) outgoing.write(`${line}\n`);
        }
        outgoing.end();
      },
      reply: (answer) => {
        outgoing.end(begin(answer));
      },
      replyHalf: (answer) => {
        const whole = begin(answer);
        outgoing.write(whole.subarray(0, whole.length / 2));
        // With this delay, the half arrives before the connection ends.
        setTimeout(reset, 20);
      },
      async replySlowly(answer, pieces, pauseMs) {
        const whole = begin(answer);
        const size = Math.ceil(whole.length / pieces);
        for (let at = 0; at < whole.length; at += size) {
          outgoing.write(whole.subarray(at, at + size));
          await sleep(pauseMs);
        }
        outgoing.end();
      },
      reset,
      breakTls: () => {
        if (front === undefined) throw new Error('a proxy that speaks no TLS cannot break it');
        front.breakTls(incoming);
      },
    });
  }

  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    // If a fault throws, for example because the API server is down, the client sees a broken connection.
    handle(incoming, outgoing).catch(() =>
      front ? front.reset(incoming) : incoming.socket.destroy(),
    );
  };
  const front = tls ? await tlsFront(listener) : undefined;
  const plain = plainServer(listener);
  const entry = front?.front ?? plain;
  entry.on('connection', () => {
    connections += 1;
  });
  const { promise: listening, resolve: listens } = Promise.withResolvers<void>();
  entry.listen(0, '127.0.0.1', () => listens());
  await listening;
  let isAway = false;
  const { port } = entry.address() as AddressInfo;
  async function close(): Promise<void> {
    const closed = once(entry, 'close');
    entry.close();
    front?.disconnect();
    plain.closeAllConnections();
    await closed;
  }
  t.after(async () => {
    if (!isAway) await close();
    front?.close();
  });

  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const trust = tls
    ? { 'certificate-authority-data': readFileSync(cluster.caFile).toString('base64') }
    : { 'insecure-skip-tls-verify': true };
  return {
    url,
    get connections() {
      return connections;
    },
    seen,
    on(method, url, fault, { skip = 0, times = Number.POSITIVE_INFINITY } = {}) {
      const matches: Rule['matches'] = (asked, at) => asked === method && url.test(at);
      rules.push({ matches, fault, skip, times });
    },
    script({ nth = 1, times = 1, ...wanted }, fault) {
      const fields = Object.entries(wanted);
      const matches: Rule['matches'] = (_method, _url, request) =>
        fields.every(([field, value]) => request[field as keyof ApiRequestName] === value);
      rules.push({ matches, fault, skip: nth - 1, times });
    },
    cutWatches() {
      for (const watch of watches) front ? front.reset(watch) : watch.socket.destroy();
    },
    async away() {
      isAway = true;
      await close();
    },
    async back() {
      const listens = once(entry, 'listening');
      entry.listen(port, '127.0.0.1');
      await listens;
      isAway = false;
    },
    kubeconfig(user = {}) {
      const name = 'fault-proxy';
      const file = join(cluster.folder, `${name}-${randomBytes(6).toString('hex')}.kubeconfig`);
      const text = stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name, cluster: { server: url, ...trust } }],
        users: [{ name, user }],
        contexts: [{ name, context: { cluster: name, user: name } }],
        'current-context': name,
      });
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    },
  };
}

function plainServer(listener: RequestListener) {
  const server = createServer(listener);
  server.keepAliveTimeout = 60_000;
  return server;
}

/** The headers without the headers about the connection, which HTTP/2 does not have. */
function kept(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...others } = headers;
  return others;
}

/** An iterator would not do: over an HTTP/2 request without a body, it does not end. */
function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.once('end', () => resolve(Buffer.concat(chunks)));
  incoming.once('error', reject);
  return promise;
}
