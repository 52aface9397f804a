import { endpoint, largestAnswer, TooLargeError } from '../../http/exchange.ts';
import { type ReadLines, readLines } from '../../http/line-stream.ts';
import { type Clock, systemClock } from '../../schedule/clock.ts';
import { version } from '../../version.ts';
import type { Authorization, Connection } from '../credentials/connection.ts';
import { queryText } from '../paths.ts';
import { type ApiRequest, accepted } from './api-client.ts';
import { AnswerTooLargeError, networkError } from './api-error.ts';
import { refusal } from './refusal.ts';

export interface WatchRequest extends Pick<ApiRequest, 'path' | 'query'> {
  /** Ends the watch if nothing arrives for this time. In milliseconds. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /** Called with each line of the response. If it throws, the watch ends. */
  readonly onLine: (line: string) => void;
}

/**
 * Opens one watch for metadata only, and reads its events until the server ends the watch.
 *
 * @throws ApiError for any status except 2xx and for a failed connection; AnswerTooLargeError for a
 * line that is longer than any object; the error of `onLine`; the reason of the signal
 */
export type OpenWatch = (request: WatchRequest) => Promise<void>;

/** The options of a client. Everything has a default. */
export interface WatchClientOptions {
  /** Sends a request and reads the lines of the response. Default: over HTTP. */
  readonly readLines?: ReadLines;
  /** Default: the clock of the system. */
  readonly clock?: Clock;
}

/**
 * Opens watches with the credentials of a connection. Watches do not count for the limit of
 * requests of the connection: a watch takes minutes, and another request would have to wait for
 * that time.
 */
export function createWatchClient(
  connection: Connection,
  { readLines: readLinesBy = readLines, clock = systemClock }: WatchClientOptions = {},
): OpenWatch {
  const { server } = connection;
  const to = endpoint(server);

  async function open(request: WatchRequest, again: boolean): Promise<void> {
    const authorization = await connection.authorize();
    const answer = await read(request, authorization);
    if (answer.status >= 200 && answer.status < 300) return;
    if (answer.status === 401 && again) {
      connection.reload(authorization);
      await open(request, false);
      return;
    }
    const refused = { ...answer, receivedAt: clock.wallTime() };
    throw refusal(refused, { method: 'GET', path: request.path }, authorization, connection);
  }

  async function read(request: WatchRequest, { headers, agent }: Authorization) {
    const { path, query, signal, idleMs, onLine } = request;
    let thrown: { readonly error: unknown } | undefined;
    const take = (line: string): void => {
      try {
        onLine(line);
      } catch (error) {
        thrown = { error };
        throw error;
      }
    };
    try {
      return await readLinesBy(to, {
        path: `${path}${queryText(query)}`,
        ...{ agent, idleMs, signal, onLine: take, longestLine: largestAnswer },
        headers: { ...headers, accept: accepted.metadata, 'user-agent': `wave-cron/${version}` },
      });
    } catch (error) {
      signal.throwIfAborted();
      if (thrown !== undefined) throw thrown.error;
      if (error instanceof TooLargeError) {
        throw new AnswerTooLargeError({ method: 'GET', path }, error.bytes);
      }
      throw networkError(error, server, connection.proxy);
    }
  }

  return (request) => open(request, true);
}
