import { createInterface } from 'node:readline/promises';

/** Puts a question to whoever sits there; whatever is not yes is no. */
export type Ask = (question: string, signal: AbortSignal) => Promise<boolean>;

/** Asks on a terminal. An end of the input, Ctrl-C and an aborted signal are no. */
export function askOn(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Ask {
  return async (question, signal) => {
    const lines = createInterface({ input, output });
    const ended = Promise.withResolvers<string>();
    const end = (): void => ended.resolve('');
    lines.once('close', end);
    // On a terminal the interface takes Ctrl-C for itself: nobody else would hear of it.
    lines.once('SIGINT', end);
    try {
      const asked = lines.question(question, { signal }).catch(() => '');
      const answer = await Promise.race([asked, ended.promise]);
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      lines.close();
    }
  };
}
