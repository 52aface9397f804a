import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const endOfHead = Buffer.from('\r\n\r\n');
const tooLong = `HTTP/1.1 431 ${STATUS_CODES[431]}\r\nconnection: close\r\n\r\n`;

/**
 * When the head of the first request is complete, passes a stream to Node's HTTP server. The stream
 * contains only this head. So no work is done for an incomplete head or for a body. A packet may
 * contain thousands of requests, and Node would create objects for each of them before it responds.
 * So only the first request is passed on.
 *
 * @param maxBytes the maximum size of a head; a longer head is rejected
 * @param isBodyKept gets the head, and says whether the body of the request may be read later
 */
export function onFirstRequest(
  socket: Socket,
  maxBytes: number,
  isBodyKept: (head: Buffer) => boolean,
  call: (stream: FirstRequest) => void,
): void {
  let head = Buffer.alloc(0);
  const leave = () => socket.end();
  socket.once('end', leave).on('data', function read(chunk: Buffer) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(endOfHead);
    if (end === -1 && head.length <= maxBytes) return;
    socket.off('data', read).off('end', leave);
    const length = end + endOfHead.length;
    const isKept = end !== -1 && length <= maxBytes && isBodyKept(head);
    // Later data is dropped, but it must be read: if it is not read, the process does not notice
    // that the other end closes the connection.
    if (isKept) socket.pause();
    else socket.resume();
    if (end === -1 || length > maxBytes) socket.end(tooLong);
    else call(new FirstRequest(socket, head.subarray(0, length), head.subarray(length)));
  });
}

/**
 * The connection of one request, as Node's HTTP server sees it: it contains only the head of the
 * request.
 */
export class FirstRequest extends Duplex {
  readonly #socket: Socket;
  readonly #afterHead: Buffer;

  constructor(socket: Socket, head: Buffer, afterHead: Buffer) {
    super();
    this.#socket = socket;
    this.#afterHead = afterHead;
    this.push(head);
    socket.once('close', () => this.destroy());
  }

  /**
   * The body, if it was kept. The lifetime of the connection bounds the time to wait for it.
   *
   * @param length in bytes; it bounds the memory for the body
   * @throws Error if the connection ends before the body is complete
   */
  body(length: number): Promise<Buffer> {
    const chunks = [this.#afterHead];
    let missing = length - this.#afterHead.length;
    if (missing <= 0) return Promise.resolve(this.#afterHead.subarray(0, length));
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const isCutOff = (): void => reject(new Error('the connection ended in the body'));
    const socket = this.#socket.once('end', isCutOff).once('close', isCutOff);
    socket.on('data', function read(chunk: Buffer) {
      chunks.push(chunk);
      missing -= chunk.length;
      if (missing > 0) return;
      socket.off('data', read).off('end', isCutOff).off('close', isCutOff).resume();
      resolve(Buffer.concat(chunks).subarray(0, length));
    });
    socket.resume();
    return promise;
  }

  override _read(): void {
    // Empty, because the stream contains no more data.
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.resume().end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.resume().end();
    done(error);
  }
}
