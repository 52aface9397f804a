/**
 * The first process of each Pod, which holds the Pod's namespaces, as the pause container does in
 * a cluster; when it ends, the kernel kills all containers of the Pod, because it is process 1 of
 * the process namespace that theirs are inside of. It ends with the agent, whatever ends that.
 *
 * The Pod's network has nothing but its loopback device. This process opens sockets in there and
 * hands them to the agent, which stays outside: listening ones for the ports of the agent's side
 * that the Pod may reach, and connections to ports of the Pod for probes and tests.
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
    // Closed here only after it is on its way; the agent alone is to accept.
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
