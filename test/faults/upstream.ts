/** The connections of fault proxies to the API server. All proxies of a process share one pool. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { testCluster } from '../../tools/control-plane/testing.ts';
import type { Answer } from './fault-proxy.ts';

type Upstream = { target: URL; administrator: Agent; withToken: Agent };

let shared: Upstream | undefined;

// Idle connections of an Agent do not keep the process alive, so nothing needs to close them.
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

/**
 * Forwards a request that a proxy got to the API server, with the bearer token of the request, or as the
 * administrator if the request has none.
 */
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

/**
 * Like `askServer`, but returns the response as a stream while it arrives, because a watch lasts for
 * minutes.
 */
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
