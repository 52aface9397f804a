/** The API server behind the proxies: one pool of connections for all of a process. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { testCluster } from '../../tools/control-plane/testing.ts';
import type { Answer } from './fault-proxy.ts';

type Upstream = { target: URL; administrator: Agent; withToken: Agent };

let shared: Upstream | undefined;

// Idle connections of an Agent keep no process alive, so nobody has to close it.
function upstream(): Upstream {
  if (shared !== undefined) return shared;
  const { cluster } = testCluster();
  const ca = readFileSync(cluster.caFile, 'utf8');
  const { certificate: cert, key } = cluster.clientCertificate({
    commonName: 'wave-cron-test-admin',
    organizations: ['system:masters'],
  });
  shared = {
    target: new URL(cluster.url),
    administrator: new Agent({ keepAlive: true, ca, cert, key }),
    withToken: new Agent({ keepAlive: true, ca }),
  };
  return shared;
}

/** Asks the API server what was asked of a proxy, as the owner of its bearer token or else as the administrator. */
export async function askServer(
  url: string,
  incoming: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  const response = await streamOfServer(url, incoming, body);
  const chunks = await Array.fromAsync<Buffer>(response);
  const { 'transfer-encoding': _, ...headers } = response.headers;
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) };
}

/** The same, while it is being answered, as a watch is for minutes. */
export function streamOfServer(
  url: string,
  incoming: IncomingMessage,
  body: Buffer,
): Promise<IncomingMessage> {
  const { target, administrator, withToken } = upstream();
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { host: _, connection: __, 'transfer-encoding': ___, ...fields } = incoming.headers;
  const headers = Object.fromEntries(
    Object.entries(fields).filter(([name]) => !name.startsWith(':')),
  );
  const options = {
    method: incoming.method,
    host: target.hostname,
    port: target.port,
    path: url,
    headers,
    agent: headers['authorization'] === undefined ? administrator : withToken,
  };
  request(options, resolve).on('error', reject).end(body);
  return promise;
}
