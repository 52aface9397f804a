import type { LiveMessage } from '../page-data.ts';
import { eventsIn } from './event-stream.ts';
import { Problem, request } from './session.ts';

export interface LiveListener {
  message(message: LiveMessage): void;
  /** Called if the connection failed. `follow` then connects again. */
  failed(problem: string): void;
}

const reconnectMs = 1_000;

/**
 * Follows the messages of the server while the page is visible. A hidden page has no connection, so the
 * server does not need to read anything for it.
 *
 * @returns a function that ends the connection
 */
export function follow(path: string, on: LiveListener): () => void {
  let stop = new AbortController();
  const restart = (): void => {
    stop.abort();
    stop = new AbortController();
    if (!document.hidden) void keepReading(path, on, stop.signal);
  };
  document.addEventListener('visibilitychange', restart);
  restart();
  return () => {
    document.removeEventListener('visibilitychange', restart);
    stop.abort();
  };
}

async function keepReading(path: string, on: LiveListener, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { body } = await request(path, signal);
      if (body !== null) {
        for await (const data of eventsIn(body)) on.message(JSON.parse(data) as LiveMessage);
      }
    } catch (error) {
      if (signal.aborted) return;
      on.failed(
        error instanceof Problem ? error.message : 'the connection to wave-cron ui was lost',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, reconnectMs));
  }
}
