import type { Server, Socket } from 'node:net';

/** Bounds of the connections to a server. */
export interface ConnectionBounds {
  /** Maximum number of open connections. */
  readonly most: number;
  /** Maximum lifetime of a connection, even if it is in use. */
  readonly lifeMs: number;
}

/**
 * Protects a server against clients that open many connections. A fixed limit would reject new
 * connections, including probes.
 *
 * So every new connection is accepted. If more than `most` connections are then open, the oldest
 * connection of the address with the most connections is closed. A probe is the only connection of
 * its address, and its response is sent as soon as the request is read.
 */
export function boundConnections(server: Server, { most, lifeMs }: ConnectionBounds): void {
  /** Oldest first. */
  const open = new Map<Socket, string>();
  const ofAddress = new Map<string, number>();

  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    // Reset the connection: after a plain close, unread data would stay in the kernel for minutes.
    const life = setTimeout(() => socket.resetAndDestroy(), lifeMs);
    socket.once('close', () => {
      clearTimeout(life);
      if (!open.delete(socket)) return;
      const left = (ofAddress.get(address) ?? 0) - 1;
      if (left > 0) ofAddress.set(address, left);
      else ofAddress.delete(address);
    });
    // A connection counts only after it could be read once. So if hundreds of connections are
    // accepted at once, complete requests get their responses before connections are closed.
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
