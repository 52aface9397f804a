import { StringDecoder } from 'node:string_decoder';

const pieceBytes = 256 * 1024;

/**
 * Collects the body of a response as text. The body is decoded in pieces. The decoded text is in
 * heap memory, which is freed soon. The memory of buffers would be freed late, because the
 * collector sees only their small objects. The pieces are so large that the collector does not copy
 * them.
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
