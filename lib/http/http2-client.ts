import { Http2Connection, type Http2Server } from './http2-connection.ts';

/**
 * Sends all requests to a server on one connection, if the server supports HTTP/2. A TLS handshake
 * costs both sides as much as several requests.
 */
export class Http2Client {
  readonly #server: Http2Server;
  #current: Http2Connection | undefined;
  #isHttp1 = false;

  constructor(server: Http2Server) {
    this.#server = server;
  }

  /**
   * The connection for the next request. A connection is opened for the first request, and again
   * after the connection was closed.
   *
   * @returns undefined if the server supports only HTTP/1.1
   * @throws the error of the socket or of TLS
   */
  async connection(): Promise<Http2Connection | undefined> {
    if (this.#isHttp1) return undefined;
    this.#current ??= this.#connect();
    const current = this.#current;
    if (await current.opened) return current;
    this.#isHttp1 = true;
    return undefined;
  }

  /**
   * Makes further requests use a new connection. If a response did not come in time, the current
   * connection may be dead. Only a time-out shows this.
   */
  retire(): void {
    this.#current?.retire();
  }

  #connect(): Http2Connection {
    const connection = new Http2Connection(this.#server, () => {
      if (this.#current === connection) this.#current = undefined;
    });
    return connection;
  }
}
