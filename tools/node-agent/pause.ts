/**
 * The first process of each Pod. It keeps the namespaces of the Pod, like the pause container in a
 * cluster. It is process 1 of a process namespace that contains those of the containers, so when it
 * ends, the kernel kills all containers. It ends with the agent in any case.
 *
 * The network of the Pod has only a loopback device. This process opens sockets inside and passes
 * them to the agent outside: listening sockets for the outside ports that the Pod may reach, and
 * connections to ports of the Pod for probes and tests.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export type Request =
  | { do: 'listen'; port: number }
  | { do: 'connect'; id: number; host: string; port: number };

export type Message =
  | { event: 'listening'; port: number }
  | { event: 'connected'; id: number }
  | { event: 'failed'; id: number; why: string };

type Handle = Server | Socket | undefined;

const tell = (message: Message, handle: Handle = undefined, then = () => {}) =>
  process.send?.(message, handle, {}, then);

function listen(port: number): void {
  const server = createServer();
  server.listen(port, '127.0.0.1', () => {
    // The socket is closed here after it was sent, because only the agent accepts connections.
    tell({ event: 'listening', port }, server, () => server.close());
  });
}

function open({ id, host, port }: { id: number; host: string; port: number }): void {
  const socket = connect({ host, port });
  socket.pause();
  socket.on('connect', () => {
    socket.removeAllListeners('error');
    tell({ event: 'connected', id }, socket);
  });
  socket.on('error', (error) => tell({ event: 'failed', id, why: error.message }));
}

process.on('message', (request: Request) => {
  if (request.do === 'listen') listen(request.port);
  else open(request);
});
process.on('disconnect', () => process.exit());
