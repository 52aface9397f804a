import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Writes the same for as long as somebody takes it. @returns how many bytes were taken, once nobody does */
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
  // It only ever ends because the other side closed.
  await pipeline(body, response).catch(() => {});
  return taken;
}
