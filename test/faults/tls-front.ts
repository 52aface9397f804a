/**
 * An HTTPS listener whose TLS can be broken in the middle of a connection: the client's bytes pass
 * through a plain socket of ours first, on which rubbish can be sent beside the encryption.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer } from 'node:https';
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
  /** Speaks HTTPS with a certificate of the cluster's authority; to be closed too. */
  server: Server;
  /** What clients connect to. */
  front: PlainServer;
  /** Sends a record that no key decrypts, and closes. */
  breakTls(incoming: IncomingMessage): void;
};

const host = '127.0.0.1';

export async function tlsFront(listener: RequestListener): Promise<TlsFront> {
  const { folder } = testCluster().cluster;
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const authority = { certificate: read(paths.authority), key: read(paths.authorityKey) };
  const { certificate: cert, key } = serverCertificate(authority, [host]);
  const server = createServer({ cert, key }, listener);
  const { promise: listening, resolve: listens } = Promise.withResolvers<void>();
  server.listen(0, host, listens);
  await listening;
  const { port } = server.address() as AddressInfo;
  /** By the port from which the HTTPS server sees the connection come. */
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
  return {
    server,
    front,
    breakTls({ socket }) {
      const content = randomBytes(64);
      // A record of application data, TLS 1.2 on the wire as TLS 1.3 has it too.
      clients.get(socket.remotePort)?.end(Buffer.from([0x17, 3, 3, 0, content.length, ...content]));
    },
  };
}
