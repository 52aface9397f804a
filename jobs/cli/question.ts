import { createInterface } from 'node:readline/promises';

/** Asks a question. Every answer except yes counts as no. */
export type Ask = (question: string, signal: AbortSignal) => Promise<boolean>;

/** Asks on a terminal. The end of the input, Ctrl-C and an aborted signal mean no. */
export function askOn(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Ask {
  return async (question, signal) => {
    const lines = createInterface({ input, output });
    const ended = Promise.withResolvers<string>();
    const end = (): void => ended.resolve('');
    lines.once('close', end);
    // On a terminal, readline handles Ctrl-C, so the handler of SIGINT does not run.
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
