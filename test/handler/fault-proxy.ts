/**
 * Stands between a pass and the API server, and goes wrong where it is told to:
 *
 *     const proxy = await faultProxy(t);
 *     proxy.on('GET', /secrets\/broken/, answer(500), { times: 1 });
 *     const report = await runPass(namespace, { kubeconfig: proxy.kubeconfig() });
 *
 * Whatever no rule matches goes to the API server and back as it is. A rule that is used up does
 * not match any more. The client's bearer token is passed on; without one the administrator's
 * certificate is used.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { testCluster } from '../control-plane/testing.ts';

export type Answer = {
  status: number;
  headers?: OutgoingHttpHeaders | IncomingHttpHeaders;
  body?: Buffer | string;
};

/** One request in the hands of a fault, which replies, or breaks the connection, or does neither. */
export type Exchange = {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  /** Asks the API server; `url` where another one is to be asked. */
  forward(url?: string): Promise<Answer>;
  reply(answer: Answer): void;
  /** Declares the whole body and sends only the first half, then breaks the connection. */
  replyHalf(answer: Answer): void;
  reset(): void;
};
export type Fault = (exchange: Exchange) => Promise<void> | void;

/** A Status as the API server sends it. */
export function status(code: number, reason: string, message: string, details = {}): Answer {
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code };
  return {
    status: code,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, details }),
  };
}

export const answer =
  (what: Answer): Fault =>
  ({ reply }) =>
    reply(what);

export const resetConnection: Fault = ({ reset }) => reset();

/** The API server does what is asked, and nobody hears of it. */
export const loseAnswer: Fault = async ({ forward, reset }) => {
  await forward();
  reset();
};

export const truncate: Fault = async ({ forward, replyHalf }) => replyHalf(await forward());

/** No answer ever. */
export const hang: Fault = () => {};

/** Something else happens first, then the API server is asked. */
export const after =
  (happens: () => Promise<unknown>): Fault =>
  async ({ forward, reply }) => {
    await happens();
    reply(await forward());
  };

/** The API server is asked, then something else happens, then its answer is passed on. */
export const before =
  (happens: () => Promise<unknown>): Fault =>
  async ({ forward, reply }) => {
    const answered = await forward();
    await happens();
    reply(answered);
  };

export type RuleOptions = {
  /** How many matching requests pass unharmed first. */
  skip?: number;
  /** How many are harmed; all where not given. */
  times?: number;
};

export type FaultProxy = {
  url: string;
  /** How many TCP connections were opened by now. */
  readonly connections: number;
  /** What came, in the order in which it came. */
  readonly seen: readonly { method: string; url: string; headers: IncomingHttpHeaders }[];
  on(method: string, url: RegExp, fault: Fault, options?: RuleOptions): void;
  /** A kubeconfig that leads here; with no token, as the administrator. */
  kubeconfig(user?: Record<string, unknown>): string;
};

export async function faultProxy(t: Pick<TestContext, 'after'>): Promise<FaultProxy> {
  const { cluster } = testCluster();
  const target = new URL(cluster.url);
  const ca = readFileSync(cluster.caFile, 'utf8');
  const { certificate: cert, key } = cluster.clientCertificate({
    commonName: 'wave-cron-test-admin',
    organizations: ['system:masters'],
  });
  const administrator = new Agent({ keepAlive: true, ca, cert, key });
  const withToken = new Agent({ keepAlive: true, ca });
  const rules: { method: string; url: RegExp; fault: Fault; skip: number; times: number }[] = [];
  const seen: { method: string; url: string; headers: IncomingHttpHeaders }[] = [];
  let connections = 0;

  async function forward(url: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { host: _, connection: __, 'transfer-encoding': ___, ...headers } = incoming.headers;
    const options = {
      method: incoming.method,
      host: target.hostname,
      port: target.port,
      path: url,
      headers,
      agent: headers.authorization === undefined ? administrator : withToken,
    };
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        const { 'transfer-encoding': ____, ...kept } = response.headers;
        resolve({
          status: response.statusCode ?? 0,
          headers: kept,
          body: Buffer.concat(chunks),
        });
      });
    });
    asked.on('error', reject).end(body);
    return promise;
  }

  function chosen(method: string, url: string): Fault | undefined {
    for (const rule of rules) {
      if (rule.method !== method || !rule.url.test(url)) continue;
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

  const pass: Fault = async ({ forward, reply }) => reply(await forward());

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url = '' } = incoming;
    seen.push({ method, url, headers: incoming.headers });
    const body = Buffer.concat(await Array.fromAsync<Buffer>(incoming));
    const fault = chosen(method, url) ?? pass;
    await fault({
      method,
      url,
      forward: (other = url) => forward(other, incoming, body),
      reply: ({ status, headers, body = '' }) => {
        const length = { 'content-length': Buffer.byteLength(body) };
        outgoing.writeHead(status, { ...headers, ...length }).end(body);
      },
      replyHalf: ({ status, headers, body = '' }) => {
        const whole = Buffer.from(body);
        const length = { 'content-length': whole.length };
        outgoing.writeHead(status, { ...headers, ...length });
        outgoing.write(whole.subarray(0, whole.length / 2), () => incoming.socket.destroy());
      },
      reset: () => incoming.socket.resetAndDestroy(),
    });
  }

  const server = createServer((incoming, outgoing) => {
    // A fault that fails, as the API server going away does, is a broken connection to the client.
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', () => {
    connections += 1;
  });
  const { promise: listening, resolve: listens } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => listens());
  await listening;
  t.after(() => {
    server.close();
    server.closeAllConnections();
    administrator.destroy();
    withToken.destroy();
  });

  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    get connections() {
      return connections;
    },
    seen,
    on(method, url, fault, { skip = 0, times = Number.POSITIVE_INFINITY } = {}) {
      rules.push({ method, url, fault, skip, times });
    },
    kubeconfig(user = {}) {
      const name = 'fault-proxy';
      const file = join(cluster.folder, `${name}-${randomBytes(6).toString('hex')}.kubeconfig`);
      const text = stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name, cluster: { server: url, 'insecure-skip-tls-verify': true } }],
        users: [{ name, user }],
        contexts: [{ name, context: { cluster: name, user: name } }],
        'current-context': name,
      });
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    },
  };
}
