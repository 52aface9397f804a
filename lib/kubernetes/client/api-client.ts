import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import pRetry from 'p-retry';
import { WaveCronError } from '../../errors.ts';
import {
  type Endpoint,
  endpoint,
  exchange,
  type HttpAnswer,
  TooLargeError,
} from '../../http/exchange.ts';
import { credentialsIn, maskCredentials } from '../../text/mask-credentials.ts';
import { version } from '../../version.ts';
import type { Authorization, Connection } from '../credentials/connection.ts';
import {
  AnswerTooLargeError,
  ApiError,
  isApiError,
  isTransientStatus,
  networkError,
  parseRetryAfter,
} from './api-error.ts';
import { redactServerMessage } from './redaction.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute, without the query: `/apis/apps/v1/deployments`. Each part is escaped already. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: PatchType;
  /** What is wanted of an object. Default `all`; `metadata` leaves its content on the server. */
  readonly part?: 'all' | 'metadata' | 'list of metadata';
  /** Makes of the text of an answer what is returned, and throws where it is not JSON. Default: JSON.parse. */
  readonly parse?: (text: string) => unknown;
  /** Ends the request, and any wait before a retry. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Once aborted, a failure is final. For writes: one that is on its way must be let come to its
   * end, or nobody knows whether it happened.
   */
  readonly stopRetrying?: AbortSignal | undefined;
  /**
   * Throws where nothing may be sent any more. Called right before each try is sent: credentials
   * that take long, or a process that stands still, come between who asks for a write and its
   * sending. After a try, what it throws makes the failure of that one final.
   */
  readonly assertMayWrite?: (() => void) | undefined;
  /** Tries in all, where failures are transient. Default 5; 1 for who retries by himself. */
  readonly tries?: number;
  /** How long one try may take, body included. Default 30 s. */
  readonly timeoutMs?: number;
  /** Bounds the answer, as in HttpRequest; asked anew from the first byte in each try. Default: 8 MiB. */
  readonly admits?: ((bytes: number) => boolean) | undefined;
}

export type PatchType =
  | 'application/strategic-merge-patch+json'
  | 'application/merge-patch+json'
  | 'application/json-patch+json';

/** What went over the wire since the client was made. */
export interface Traffic {
  readonly requests: number;
  /** Bytes of answers' bodies, as they came. */
  readonly bytesRead: number;
}

/** Speaks with one API server: JSON, errors in words, retries of what is transient. */
export interface ApiClient {
  readonly server: string;
  readonly traffic: Traffic;
  /**
   * @returns the parsed body; its shape is what the API promises for the path
   * @throws ApiError for any answer but 2xx, and where no answer came after all tries;
   * AnswerTooLargeError where there was more of it than is admitted
   */
  request<T>(request: ApiRequest): Promise<T>;
}

const defaultTries = 5;
/** On top of the tries, where the server says that it is asked too much. */
const moreTriesWhereBusy = 10;
const defaultTimeoutMs = 30_000;
/** A server that is told to be overloaded may name a long time; a pass has a time-out of its own. */
const longestRetryAfterMs = 60_000;

/** @param mostConnections where they are others than when the connection was made */
export function createApiClient(
  connection: Connection,
  maxConnections = connection.maxConnections,
): ApiClient {
  const traffic = { requests: 0, bytesRead: 0 };
  const { server } = connection;
  const to = endpoint(server);
  const turn = pLimit(maxConnections);

  async function once<T>(request: ApiRequest, again: boolean): Promise<T> {
    const authorization = await connection.authorize();
    const { status, headers, text } = await turn(() => {
      request.assertMayWrite?.();
      return send(to, connection, authorization, request, traffic);
    });
    if (status === 401 && again && mayBeSent(request)) {
      // The token may have been rotated since it was read.
      connection.reload(authorization);
      return once(request, false);
    }
    if (status >= 200 && status < 300) return parseBody<T>(text, request);
    throw refusal({ status, headers, text }, request, authorization, connection);
  }

  return {
    server,
    traffic,
    request<T>(request: ApiRequest): Promise<T> {
      const { signal, stopRetrying, tries = defaultTries } = request;
      if (tries <= 1) return once(request, true);
      const mayTryAgain = (error: Error): boolean =>
        error instanceof WaveCronError &&
        error.canRetry &&
        stopRetrying?.aborted !== true &&
        mayBeSent(request);
      let busy = 0;
      return pRetry(() => once<T>(request, true), {
        retries: tries - 1,
        // A server that is asked too much is well, and takes the request later. It slows us down by
        // itself: whoever waits keeps his place, so that the fewer are answered, the fewer are sent.
        shouldConsumeRetry: ({ error }) => {
          if (!isApiError(error, 429)) return true;
          busy += 1;
          return busy > moreTriesWhereBusy;
        },
        // The waiting is done below: p-retry's own could not be ended without losing the failure.
        minTimeout: 0,
        ...(signal === undefined ? {} : { signal }),
        onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
          if (retriesLeft > 0 && mayTryAgain(error)) {
            await wait(waitBeforeTry(error, attemptNumber), [signal, stopRetrying]);
          }
        },
        // Asked after the wait, which may have been ended by stopRetrying.
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

/** Milliseconds: doubled from try to try, at random so that clients do not come back together. */
function waitBeforeTry(error: Error, failedTries: number): number {
  const backoff = Math.min(200 * 2 ** (failedTries - 1) * (1 + Math.random()), 5_000);
  const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(backoff, Math.min(asked, longestRetryAfterMs));
}

/** Waits until the time is over or one of the signals is aborted. */
async function wait(ms: number, signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  const ended = AbortSignal.any(signals.filter((signal) => signal !== undefined));
  try {
    await sleep(ms, undefined, { signal: ended });
  } catch (error) {
    if (!ended.aborted) throw error;
  }
}

const accepted = {
  all: 'application/json',
  metadata: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'list of metadata': 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
} as const;

async function send(
  to: Endpoint,
  { server, proxy }: Connection,
  { headers, agent }: Authorization,
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
    const answer = await exchange(to, {
      method,
      path: query === undefined ? path : `${path}${queryText(query)}`,
      agent,
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
    // Our caller gave up: that is no failure of the request.
    signal?.throwIfAborted();
    if (error instanceof TooLargeError) {
      traffic.bytesRead += error.bytes;
      throw new AnswerTooLargeError({ method, path }, error.bytes);
    }
    throw networkError(error, server, proxy);
  }
}

function queryText(query: ApiRequest['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

function parseBody<T>(text: string, { method, path, parse = JSON.parse }: ApiRequest): T {
  try {
    return parse(text) as T;
  } catch {
    // Without the cause: its message quotes the body, which may be a Secret.
    throw new ApiError(`the response to ${method} ${path} is truncated or not JSON`, {
      canRetry: true,
    });
  }
}

/** An answer that is not 2xx, in the words of the server where it sent a Status object. */
function refusal(
  { status, headers, text }: Pick<HttpAnswer, 'status' | 'headers' | 'text'>,
  { method, path }: ApiRequest,
  authorization: Authorization,
  connection: Connection,
): ApiError {
  const { message, reason, subject } = parseStatus(text, credentialsIn(authorization.headers));
  const retryAfter = headers['retry-after'];
  const hint = status === 401 ? connection.credentialHint() : undefined;
  const said = redactServerMessage(message ?? '', path) || `${method} ${path} returned ${status}`;
  return new ApiError(`${said}${hint === undefined ? '' : ` (${hint})`} [HTTP ${status}]`, {
    status,
    reason,
    subject,
    retryAfterMs: parseRetryAfter(retryAfter, new Date()),
    canRetry: isTransientStatus(status),
  });
}

/** @param secrets what its message must not repeat */
function parseStatus(
  text: string,
  secrets: readonly string[],
): { message?: string; reason?: string; subject?: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null) return {};
  const { kind, message, reason, details } = parsed as Readonly<Record<string, unknown>>;
  if (kind !== 'Status') return {};
  return {
    ...(typeof message === 'string' && message !== ''
      ? { message: oneLine(maskCredentials(message, secrets)) }
      : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof details === 'object' &&
    details !== null &&
    'name' in details &&
    typeof details.name === 'string'
      ? { subject: details.name }
      : {}),
  };
}

/** Messages go into one log line, one event and one table cell. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 400 ? `${line.slice(0, 397)}...` : line;
}
