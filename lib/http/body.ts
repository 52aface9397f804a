import { StringDecoder } from 'node:string_decoder';

const pieceBytes = 256 * 1024;

/**
 * Collects the body of a response as text. It is decoded in pieces. So it uses heap memory, which is
 * freed soon, instead of buffers, which the collector considers small. The pieces are large enough
 * that the collector does not copy them.
 */
export class Body {
  /** Received bytes. */
  bytes = 0;
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  #chunks: Buffer[] = [];
  #waiting = 0;

  take(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#waiting += chunk.length;
    this.#chunks.push(chunk);
    if (this.#waiting >= pieceBytes) this.#decode();
  }

  /** The complete text. Call it once. */
  end(): string {
    this.#decode();
    return this.#text + this.#decoder.end();
  }

  #decode(): void {
    const [first] = this.#chunks;
    this.#text += this.#decoder.write(
      this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks, this.#waiting),
    );
    this.#chunks = [];
    this.#waiting = 0;
  }
}
