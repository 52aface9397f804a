import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const endOfHead = Buffer.from('\r\n\r\n');
const tooLong = `HTTP/1.1 431 ${STATUS_CODES[431]}\r\nconnection: close\r\n\r\n`;

/**
 * Passes a stream to Node's HTTP server once the head of the first request is complete. The stream
 * contains only this head. So no work is done for an incomplete head or for a body. A packet may
 * contain thousands of requests, for each of which Node would create objects before it responds;
 * only the first one is passed on.
 *
 * @param maxBytes of a head; a longer one is rejected
 */
export function onFirstRequest(
  socket: Socket,
  maxBytes: number,
  call: (stream: Duplex) => void,
): void {
  let head = Buffer.alloc(0);
  const leave = () => socket.end();
  socket.once('end', leave).on('data', function read(chunk: Buffer) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(endOfHead);
    if (end === -1 && head.length <= maxBytes) return;
    socket.off('data', read).off('end', leave);
    // Later data is dropped, but must be read: only a reader notices that the other end has closed.
    socket.resume();
    const length = end + endOfHead.length;
    if (end === -1 || length > maxBytes) socket.end(tooLong);
    else call(new FirstRequest(socket, head.subarray(0, length)));
  });
}

class FirstRequest extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket, head: Buffer) {
    super();
    this.#socket = socket;
    this.push(head);
    socket.once('close', () => this.destroy());
  }

  override _read(): void {
    // No more data follows.
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.end();
    done(error);
  }
}
