/** Sends requests to a real API server, over few HTTP/2 connections. */
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import type { Cluster } from '../../../tools/control-plane/cluster-folder.ts';
import type { SimulatedAnswer, SimulatedRequest } from '../server/server.ts';
import type { Send } from './server-side.ts';

export interface RealServer {
  readonly send: Send;
  close(): void;
}

export function realServer(cluster: Cluster): RealServer {
  const { certificate, key } = cluster.clientCertificate({
    commonName: 'wave-cron-test-admin',
    organizations: ['system:masters'],
  });
  const session = connect(cluster.url, {
    ...{ ca: readFileSync(cluster.caFile), cert: certificate, key },
  });
  return {
    send: (request) => exchange(session, request),
    close: () => session.close(),
  };
}

function exchange(
  session: ClientHttp2Session,
  { method, path, headers, body }: SimulatedRequest,
): Promise<SimulatedAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<SimulatedAnswer>();
  const endStream = body === undefined;
  const stream = session.request({ ...headers, ':method': method, ':path': path }, { endStream });
  let status = 0;
  let text = '';
  stream.setEncoding('utf8');
  stream.on('response', (answer) => {
    status = Number(answer[':status']);
  });
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  stream.on('error', reject);
  stream.on('end', () => resolve({ status, headers: {}, text }));
  if (!endStream) stream.end(body);
  return promise;
}
