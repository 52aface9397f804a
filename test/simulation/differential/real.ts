/** Sends requests to a real API server over a few HTTP/2 connections. */
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import type { Cluster } from '../../../tools/control-plane/cluster-folder.ts';
import type { SimulatedAnswer, SimulatedRequest } from '../server/server.ts';
import type { Send } from './server-side.ts';

export const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

export interface RealServer {
  readonly send: Send;
  /** Opens a metadata watch. After the watch has begun, resolves with a function that ends it. */
  watch(path: string, line: (text: string) => void): Promise<() => void>;
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
    watch: (path, line) => watch(session, path, line),
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

function watch(
  session: ClientHttp2Session,
  path: string,
  line: (text: string) => void,
): Promise<() => void> {
  const { promise, resolve, reject } = Promise.withResolvers<() => void>();
  const stream = session.request({ ':method': 'GET', ':path': path, accept: metadataOnly });
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const each of lines) line(each);
  });
  stream.on('error', reject);
  stream.on('response', () => resolve(() => stream.close()));
  stream.end();
  return promise;
}
