/** Local servers that run until the test ends. */

import { createServer as createHttpServer } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import type { TestContext } from 'node:test';

/** Starts a TCP, HTTP or HTTPS server on a free port, and closes it after the test. */
export async function listen(
  t: TestContext,
  server: Server & { closeAllConnections?(): void },
): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Starts a proxy that connects to a local port, whichever address it is asked for.
 *
 * @param asked collects the addresses: `host:port`, or `no name` if the client resolved the name itself
 * @returns the URL of the proxy
 */
type StartProxy = (t: TestContext, port: number, asked?: string[]) => Promise<string>;

export const proxies: Readonly<Record<'http' | 'socks5', StartProxy>> = {
  async http(t, port, asked = []) {
    const proxy = createHttpServer();
    proxy.on('connect', ({ url = '' }, socket: Socket) => {
      asked.push(url);
      tunnel(socket, port, 'HTTP/1.1 200 Connection Established\r\n\r\n');
    });
    return `http://127.0.0.1:${await listen(t, proxy)}`;
  },
  async socks5(t, port, asked = []) {
    const proxy = createTcpServer((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([5, 0]));
        socket.once('data', (request: Buffer) => {
          asked.push(addressIn(request));
          tunnel(socket, port, Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        });
      });
    });
    return `socks5://127.0.0.1:${await listen(t, proxy)}`;
  },
};

/** The address in a SOCKS5 request if the request has a name, else `no name`. */
function addressIn(request: Buffer): string {
  const end = 5 + (request[4] ?? 0);
  return request[3] === 3 ? `${request.subarray(5, end)}:${request.readUInt16BE(end)}` : 'no name';
}

function tunnel(client: Socket, port: number, established: string | Buffer): void {
  const upstream = connect(port, '127.0.0.1', () => {
    client.write(established);
    upstream.pipe(client).pipe(upstream);
  });
  upstream.on('error', () => client.destroy());
  client.on('error', () => upstream.destroy());
}
