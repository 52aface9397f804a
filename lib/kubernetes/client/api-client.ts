import pLimit from 'p-limit';
import pRetry from 'p-retry';
import { WaveCronError } from '../../errors.ts';
import {
  type Exchange,
  endpoint,
  exchange,
  type HttpAnswer,
  TooLargeError,
} from '../../http/exchange.ts';
import type { Endpoint } from '../../http/send.ts';
import { type Clock, systemClock } from '../../schedule/clock.ts';
import { version } from '../../version.ts';
import type { Authorization, Connection } from '../credentials/connection.ts';
import { queryText } from '../paths.ts';
import { AnswerTooLargeError, ApiError, isApiError, networkError } from './api-error.ts';
import { refusal } from './refusal.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute, without the query: `/apis/apps/v1/deployments`. Each segment is already escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: PatchType;
  /**
   * The part of an object to request. Default: `all`. With `metadata`, the server sends only
   * metadata and not the content.
   */
  readonly part?: 'all' | 'metadata' | 'list of metadata';
  /** Parses the text of a response; throws if it is not JSON. Default: JSON.parse. */
  readonly parse?: (text: string) => unknown;
  /** Ends the request, and any wait before a retry. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Once aborted, a failure is final, and no retry follows. A write in progress is not aborted,
   * because it would then be unknown whether it took effect.
   */
  readonly stopRetrying?: AbortSignal | undefined;
  /**
   * Throws if no request may be sent now. It is called right before each attempt, because slow
   * credentials or a stopped process may delay a write. If it throws before a retry, the failure of
   * the previous attempt is final.
   */
  readonly assertMayWrite?: (() => void) | undefined;
  /** Maximum attempts for transient failures. Default: 5. Callers with their own retries use 1. */
  readonly tries?: number;
  /** Time-out of one attempt, including the body. Default: 30 s. */
  readonly timeoutMs?: number;
  /**
   * Limits the size of the response, as in HttpRequest. Each attempt starts again at the first
   * byte. Default: 8 MiB.
   */
  readonly admits?: ((bytes: number) => boolean) | undefined;
}

export type PatchType =
  | 'application/strategic-merge-patch+json'
  | 'application/merge-patch+json'
  | 'application/json-patch+json';

/** Network traffic since the client was created. */
export interface Traffic {
  readonly requests: number;
  /** Received bytes of response bodies. */
  readonly bytesRead: number;
}

/** A client of one API server: JSON, plain error messages, and retries of transient failures. */
export interface ApiClient {
  readonly server: string;
  readonly traffic: Traffic;
  /**
   * @returns the parsed body, in the form that the API defines for the path
   * @throws ApiError for any status except 2xx, and if no response came in any attempt;
   * AnswerTooLargeError if the response is larger than admitted
   */
  request<T>(request: ApiRequest): Promise<T>;
}

const defaultTries = 5;
/** Additional attempts after a 429: the server is overloaded. */
const moreTriesWhereBusy = 10;
/**
 * The number of attempts on the connection that requests share. Later attempts use a connection of
 * their own, for two reasons: the request itself may break the shared connection, and something
 * between client and server may not support HTTP/2.
 */
const sharedTries = 2;
const defaultTimeoutMs = 30_000;
/**
 * The maximum wait for a Retry-After, because an overloaded server may ask for a very long wait. A
 * pass has its own time-out.
 */
const longestRetryAfterMs = 60_000;

/** The options of a client. Everything has a default. */
export interface ApiClientOptions {
  /** The maximum number of concurrent requests. Default: the limit of the connection. */
  readonly maxConnections?: number;
  /** Sends a request. Default: over HTTP. */
  readonly exchange?: Exchange;
  /** For the waits before retries. Default: the clock of the system. */
  readonly clock?: Clock;
  /** A number from 0 up to but not including 1, for the jitter of these waits. */
  readonly random?: () => number;
}

export function createApiClient(
  connection: Connection,
  {
    maxConnections = connection.maxConnections,
    exchange: exchangeBy = exchange,
    clock = systemClock,
    random = Math.random,
  }: ApiClientOptions = {},
): ApiClient {
  const traffic = { requests: 0, bytesRead: 0 };
  const { server } = connection;
  const to = endpoint(server);
  const turn = pLimit(maxConnections);

  async function once<T>(request: ApiRequest, attempt: number, again = true): Promise<T> {
    const authorization = await connection.authorize();
    const via = attempt <= sharedTries ? authorization : { ...authorization, http2: undefined };
    const { status, headers, text } = await turn(() => {
      request.assertMayWrite?.();
      return send(exchangeBy, to, connection, via, request, traffic);
    });
    if (status === 401 && again && mayBeSent(request)) {
      // The token may have been rotated since it was read.
      connection.reload(authorization);
      return once(request, attempt, false);
    }
    if (status >= 200 && status < 300) return parseBody<T>(text, request);
    const answer = { status, headers, text, receivedAt: clock.wallTime() };
    throw refusal(answer, request, authorization, connection);
  }

  return {
    server,
    traffic,
    request<T>(request: ApiRequest): Promise<T> {
      const { signal, stopRetrying, tries = defaultTries } = request;
      if (tries <= 1) return once(request, 1);
      const mayTryAgain = (error: Error): boolean =>
        error instanceof WaveCronError &&
        error.canRetry &&
        stopRetrying?.aborted !== true &&
        mayBeSent(request);
      let busy = 0;
      return pRetry((attempt) => once<T>(request, attempt), {
        retries: tries - 1,
        // If a server returns 429, it is healthy and accepts the request later, so a 429 gets more
        // attempts. A waiting request still counts for the limit of concurrent requests. So the
        // more requests wait, the fewer are sent.
        shouldConsumeRetry: ({ error }) => {
          if (!isApiError(error, 429)) return true;
          busy += 1;
          return busy > moreTriesWhereBusy;
        },
        // No wait here: `waitBeforeTry` below waits. If the signal were aborted during the wait of
        // p-retry, the failure would be lost.
        minTimeout: 0,
        ...(signal === undefined ? {} : { signal }),
        onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
          if (retriesLeft > 0 && mayTryAgain(error)) {
            const ms = waitBeforeTry(error, attemptNumber, random);
            await wait(clock, ms, [signal, stopRetrying]);
          }
        },
        // Called after the wait. `stopRetrying` may have ended the wait.
        shouldRetry: ({ error }) => mayTryAgain(error),
      });
    },
  };
}

function mayBeSent({ assertMayWrite }: ApiRequest): boolean {
  try {
    assertMayWrite?.();
    return true;
  } catch {
    return false;
  }
}

/**
 * Milliseconds: doubled with each attempt, with jitter so that clients do not retry at the same
 * time.
 */
function waitBeforeTry(error: Error, failedTries: number, random: () => number): number {
  const backoff = Math.min(200 * 2 ** (failedTries - 1) * (1 + random()), 5_000);
  const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(backoff, Math.min(asked, longestRetryAfterMs));
}

/** Waits until the time is over or a signal is aborted. */
async function wait(
  clock: Clock,
  ms: number,
  signals: readonly (AbortSignal | undefined)[],
): Promise<void> {
  const ended = AbortSignal.any(signals.filter((signal) => signal !== undefined));
  try {
    await clock.sleep(ms, ended);
  } catch (error) {
    if (!ended.aborted) throw error;
  }
}

/** The header `accept` for each part of objects. */
export const accepted = {
  all: 'application/json',
  metadata: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'list of metadata': 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
} as const;

async function send(
  exchangeBy: Exchange,
  to: Endpoint,
  { server, proxy }: Connection,
  { headers, agent, http2 }: Authorization,
  {
    method,
    path,
    query,
    body,
    contentType,
    part = 'all',
    signal,
    timeoutMs = defaultTimeoutMs,
    admits,
  }: ApiRequest,
  traffic: { requests: number; bytesRead: number },
): Promise<HttpAnswer> {
  signal?.throwIfAborted();
  traffic.requests += 1;
  try {
    const answer = await exchangeBy(to, {
      method,
      path: query === undefined ? path : `${path}${queryText(query)}`,
      ...{ agent, http2 },
      headers: {
        ...headers,
        accept: accepted[part],
        'user-agent': `wave-cron/${version}`,
        ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      timeoutMs,
      signal,
      admits,
    });
    traffic.bytesRead += answer.bytes;
    return answer;
  } catch (error) {
    // If the caller gave up, the request has not failed.
    signal?.throwIfAborted();
    if (error instanceof TooLargeError) {
      traffic.bytesRead += error.bytes;
      throw new AnswerTooLargeError({ method, path }, error.bytes);
    }
    throw networkError(error, server, proxy);
  }
}

function parseBody<T>(text: string, { method, path, parse = JSON.parse }: ApiRequest): T {
  try {
    return parse(text) as T;
  } catch {
    // Without `cause`: the message of the syntax error quotes the body, which may be a Secret.
    throw new ApiError(`the response to ${method} ${path} is truncated or not JSON`, {
      canRetry: true,
    });
  }
}
