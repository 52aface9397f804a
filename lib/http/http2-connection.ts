import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { http2 } from './node-http.ts';

/** A server, and how to connect to it. */
export interface Http2Server {
  readonly host: string;
  readonly port: number;
  readonly tls: ConnectionOptions;
  /** A connection without requests is closed after this time. In milliseconds. */
  readonly idleMs: number;
}

/**
 * The number of bytes that a server may send before they are read, for one response and for all
 * responses together.
 */
const responseWindow = 1024 * 1024;
const connectionWindow = 8 * 1024 * 1024;
/**
 * The maximum memory that Node uses for the requests and responses of a connection, in megabytes.
 * Node's default is 10.
 */
const maxSessionMemory = 64;

/** A TLS connection, and the HTTP/2 session on it if the server supports HTTP/2. */
export class Http2Connection {
  /**
   * Resolves once the connection is open: whether the server supports HTTP/2. Rejects with the error
   * of the socket or of TLS.
   */
  readonly opened: Promise<boolean>;
  readonly #socket: TLSSocket;
  readonly #idleMs: number;
  readonly #ended: () => void;
  #session: ClientHttp2Session | undefined;
  #inProgress = 0;
  #idle: NodeJS.Timeout | undefined;

  /** @param ended called when the connection must not be used for further requests */
  constructor({ host, port, tls, idleMs }: Http2Server, ended: () => void) {
    this.#idleMs = idleMs;
    this.#ended = ended;
    this.#socket = connect({
      ...{ host, port, ALPNProtocols: ['h2', 'http/1.1'] },
      ...(isIP(host) === 0 ? { servername: host } : {}),
      // Set explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect.
      rejectUnauthorized: true,
      ...tls,
    });
    this.opened = this.#open();
  }

  #open(): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const socket = this.#socket;
    const failed = (error: Error): void => {
      this.#ended();
      reject(error);
    };
    socket.once('error', failed);
    socket.once('secureConnect', () => {
      if (socket.alpnProtocol !== 'h2') {
        socket.destroy();
        resolve(false);
        return;
      }
      const session = http2().connect(`https://${socket.remoteAddress}`, {
        createConnection: () => socket,
        settings: { enablePush: false, initialWindowSize: responseWindow },
        maxSessionMemory,
      });
      session.once('connect', () => {
        session.setLocalWindowSize(connectionWindow);
        socket.off('error', failed);
        this.#session = session;
        this.#rest();
        resolve(true);
      });
      // Requests have errors of their own.
      session.on('error', failed);
      session.once('goaway', () => this.retire());
      session.once('close', () => this.#ended());
    });
    return promise;
  }

  /**
   * Sends a request. Call it after `opened`.
   *
   * @param headers the headers, including those of HTTP/2 whose names begin with a colon
   * @throws an error of Node if the connection is closed
   */
  send(headers: Readonly<Record<string, string | string[]>>, body?: string): ClientHttp2Stream {
    const session = this.#session;
    if (session === undefined) throw new Error('the connection is not open');
    const stream = session.request(headers, { endStream: body === undefined });
    this.#inProgress += 1;
    clearTimeout(this.#idle);
    session.ref();
    stream.once('close', () => {
      this.#inProgress -= 1;
      if (this.#inProgress === 0) this.#rest();
    });
    if (body !== undefined) stream.end(body);
    return stream;
  }

  /**
   * Closes the connection when the requests in progress have finished. No further request may be
   * sent.
   */
  retire(): void {
    this.#ended();
    clearTimeout(this.#idle);
    if (this.#session === undefined) {
      this.#socket.destroy(
        Object.assign(new Error('not connected in time'), { code: 'ETIMEDOUT' }),
      );
    } else {
      this.#session.close();
    }
  }

  /** An idle connection does not keep the process alive. */
  #rest(): void {
    this.#session?.unref();
    this.#idle = setTimeout(() => this.retire(), this.#idleMs).unref();
  }
}
