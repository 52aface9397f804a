/**
 * A listener with TLS, HTTP/2 and HTTP/1.1, like that of the API server. The bytes of a client pass through
 * a plain socket first. So a fault can cut the connection, or send bytes that break its TLS, at any moment.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createSecureServer } from 'node:http2';
import {
  type AddressInfo,
  connect,
  createServer as createPlainServer,
  type Server as PlainServer,
  type Socket,
} from 'node:net';
import { join } from 'node:path';
import { serverCertificate } from '../../tools/control-plane/certificates.ts';
import { paths } from '../../tools/control-plane/cluster-folder.ts';
import { testCluster } from '../../tools/control-plane/testing.ts';

export type TlsFront = {
  /** The server to which clients connect. */
  front: PlainServer;
  /** Breaks the connection of a request. */
  reset(incoming: IncomingMessage): void;
  /** Sends a record that no key decrypts, and closes the connection. */
  breakTls(incoming: IncomingMessage): void;
  /** Closes the connections of all clients. */
  disconnect(): void;
  /** Closes the front. Call this function after `disconnect`, with `front` closed. */
  close(): void;
};

const host = '127.0.0.1';

export async function tlsFront(listener: RequestListener): Promise<TlsFront> {
  const { folder } = testCluster().cluster;
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const authority = { certificate: read(paths.authority), key: read(paths.authorityKey) };
  const { certificate: cert, key } = serverCertificate(authority, [host]);
  // The compatibility API of HTTP/2 has everything that the listener uses.
  const server = createSecureServer({ cert, key, allowHTTP1: true }, listener as never);
  const { promise: listening, resolve: listens } = Promise.withResolvers<void>();
  server.listen(0, host, listens);
  await listening;
  const { port } = server.address() as AddressInfo;
  /** The sockets of the clients, by the port from which the HTTPS server sees the connection come. */
  const clients = new Map<number | undefined, Socket>();
  const front = createPlainServer((client) => {
    const inner = connect(port, host, () => {
      clients.set(inner.localPort, client);
      client.pipe(inner).pipe(client);
    });
    const end = () => {
      client.destroy();
      inner.destroy();
    };
    for (const socket of [client, inner]) socket.on('error', end).on('close', end);
  });
  const clientOf = ({ socket }: IncomingMessage) => clients.get(socket.remotePort);
  return {
    front,
    reset(incoming) {
      // A reset would fail while the connection shuts down, and then this process would never end.
      clientOf(incoming)?.destroy();
    },
    breakTls(incoming) {
      // The record has the type of application data. Its version is TLS 1.2, which TLS 1.3 also sends.
      const content = randomBytes(64);
      clientOf(incoming)?.end(Buffer.from([0x17, 3, 3, 0, content.length, ...content]));
    },
    disconnect() {
      for (const socket of clients.values()) socket.destroy();
    },
    close() {
      server.close();
    },
  };
}
