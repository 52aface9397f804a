import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Writes the same piece again and again until the other side closes the connection.
 *
 * @returns the number of bytes that the other side took
 */
export async function answerWithoutEnd(response: ServerResponse, piece: string): Promise<number> {
  let taken = 0;
  const body = Readable.from(
    (function* () {
      for (;;) {
        taken += piece.length;
        yield piece;
      }
    })(),
    { objectMode: false },
  );
  // The response only ends because the other side closes the connection.
  await pipeline(body, response).catch(() => {});
  return taken;
}
