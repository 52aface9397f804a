import type { Server, Socket } from 'node:net';

/** What all who can reach the port may take of it, together and each. */
export interface ConnectionBounds {
  /** How many connections are open at a time. */
  readonly most: number;
  /** After this a connection is over, whatever was sent and read until then. */
  readonly lifeMs: number;
}

/**
 * Keeps a server from being filled up by whoever can reach it, and from being closed to everybody else:
 * a ceiling that refused the next connection would refuse a probe.
 *
 * Whoever comes is let in. Where more than `most` are open then, the oldest of the address that has the
 * most gives way: a probe is one connection of its address, and is answered as soon as it is read.
 */
export function boundConnections(server: Server, { most, lifeMs }: ConnectionBounds): void {
  /** The oldest first. */
  const open = new Map<Socket, string>();
  const ofAddress = new Map<string, number>();

  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    // Not only destroyed: what is not read yet would stay with the system for minutes.
    const life = setTimeout(() => socket.resetAndDestroy(), lifeMs);
    socket.once('close', () => {
      clearTimeout(life);
      if (!open.delete(socket)) return;
      const left = (ofAddress.get(address) ?? 0) - 1;
      if (left > 0) ofAddress.set(address, left);
      else ofAddress.delete(address);
    });
    // It counts from when it could be read once: of hundreds that are accepted at once, one with a whole
    // request is answered before any has to give way.
    setImmediate(() => setImmediate(count));
    function count(): void {
      if (socket.destroyed) return;
      open.set(socket, address);
      ofAddress.set(address, (ofAddress.get(address) ?? 0) + 1);
      if (open.size > most) oldestOfTheLargest()?.resetAndDestroy();
    }
  });

  function oldestOfTheLargest(): Socket | undefined {
    const largest = Math.max(...ofAddress.values());
    for (const [socket, address] of open) {
      if (ofAddress.get(address) === largest) return socket;
    }
    return undefined;
  }
}
