import type { Agent } from 'node:http';
import pRetry from 'p-retry';
import { WaveCronError } from '../errors.ts';
import { basicAuthorization } from '../http/basic-authorization.ts';
import { endpoint, exchange, type HttpAnswer } from '../http/exchange.ts';
import { http, https } from '../http/node-http.ts';
import {
  isTransientStatus,
  networkError,
  parseRetryAfter,
} from '../kubernetes/client/api-error.ts';
import type { AccessEnvironment } from '../kubernetes/credentials/cluster-access.ts';
import { environmentProxy } from '../kubernetes/credentials/environment-proxy.ts';
import type { Clock } from '../schedule/clock.ts';
import { shownUrl } from '../text/shown-url.ts';
import { version } from '../version.ts';
import type { Body } from './formats.ts';
import { signatureHeaders } from './signature.ts';
import type { Target } from './target.ts';

export interface DeliveryDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** The environment variables that name the proxy. */
  readonly environment: AccessEnvironment;
  /** Once aborted, no retry starts. */
  readonly stopRetrying: AbortSignal;
}

/** A pass waits at most this long for its sinks. */
export const deliveryMs = 10_000;
const tries = 3;
const timeoutMs = 5_000;
const firstWaitMs = 500;
/** Maximum bytes to read of a response, which is never shown. */
const longestAnswer = 1_000;

/**
 * Sends a message with at most three attempts within ten seconds. Redirects are not followed. If
 * the response of the receiver was lost, the receiver gets the message twice.
 *
 * @param id the same in each attempt
 * @throws WaveCronError with one sentence, without anything of the URL or the response
 */
export async function deliver(
  target: Target,
  id: string,
  body: Body,
  deps: DeliveryDeps,
): Promise<void> {
  const { clock, random, environment, stopRetrying } = deps;
  const proxy = environmentProxy(target.url, environment);
  const agent = agentOf(target, proxy);
  const end = clock.now() + deliveryMs;
  const leftMs = () => end - clock.now();
  let hasTime = true;
  const mayTryAgain = (error: Error): boolean =>
    error instanceof WaveCronError && error.canRetry && !stopRetrying.aborted;
  await pRetry(() => attempt(target, id, body, { agent, proxy, clock, leftMs: leftMs() }), {
    retries: tries - 1,
    minTimeout: 0,
    onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
      if (retriesLeft === 0 || !mayTryAgain(error)) return;
      const backoff = firstWaitMs * 2 ** (attemptNumber - 1) * (1 + random());
      const asked = error instanceof DeliveryError ? error.retryAfterMs : 0;
      const waitMs = Math.max(backoff, asked);
      hasTime = waitMs < leftMs();
      if (hasTime) await clock.sleep(waitMs, stopRetrying).catch(() => undefined);
    },
    shouldRetry: ({ error }) => mayTryAgain(error) && hasTime,
  });
}

/** A failed attempt. */
class DeliveryError extends WaveCronError {
  override readonly name = 'DeliveryError';
  /** The wait in the `Retry-After` of the receiver. */
  readonly retryAfterMs: number;

  constructor(message: string, canRetry: boolean, retryAfterMs = 0) {
    super(message, { canRetry });
    this.retryAfterMs = retryAfterMs;
  }
}

interface Way {
  readonly agent: Agent;
  readonly proxy: string | undefined;
  readonly clock: Clock;
  readonly leftMs: number;
}

async function attempt(
  { url, key }: Target,
  id: string,
  { contentType, text }: Body,
  { agent, proxy, clock, leftMs }: Way,
): Promise<void> {
  const parsed = new URL(url);
  const { origin, pathname, search } = parsed;
  const authorization = basicAuthorization(parsed);
  const now = clock.wallTime();
  let answer: HttpAnswer;
  try {
    answer = await exchange(endpoint(origin), {
      method: 'POST',
      path: `${pathname}${search}`,
      headers: {
        'content-type': contentType,
        'user-agent': `wave-cron/${version}`,
        ...(authorization === undefined ? {} : { authorization }),
        ...(key === undefined ? {} : signatureHeaders(key, id, text, now)),
      },
      body: text,
      agent,
      timeoutMs: Math.max(Math.min(timeoutMs, leftMs), 1),
      enough: longestAnswer,
    });
  } catch (error) {
    const shown = proxy === undefined ? undefined : shownUrl(proxy);
    const { message, canRetry } = networkError(error, 'the receiver', shown);
    throw new DeliveryError(message, canRetry);
  }
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return;
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now);
  throw new DeliveryError(
    `${words(status)} [HTTP ${status}]`,
    isTransientStatus(status),
    retryAfterMs,
  );
}

/**
 * Each attempt has its own connection: a kept-alive connection would keep the process running.
 * `exchange` cannot follow redirects.
 */
function agentOf({ url, ca }: Target, proxy: string | undefined): Agent {
  if (url.startsWith('http:')) return new http.Agent({ keepAlive: false });
  if (proxy !== undefined && !/^https?:/i.test(proxy)) {
    throw new WaveCronError(
      `the proxy ${shownUrl(proxy)} of HTTPS_PROXY is not an http or https URL, which notifications need`,
    );
  }
  return new https.Agent({
    keepAlive: false,
    ...(ca === undefined ? {} : { ca }),
    ...(proxy === undefined ? {} : { proxyEnv: { HTTPS_PROXY: proxy } }),
  });
}

function words(status: number): string {
  if (status >= 300 && status < 400) {
    return 'the receiver redirected the request, which is not followed: set the URL that it redirects to';
  }
  if (status === 401 || status === 403) return 'the receiver denied access: check the URL';
  if (status === 404 || status === 410) {
    return 'the receiver does not know the URL: create a new webhook';
  }
  if (status === 429) return 'the receiver limits its requests';
  if (status >= 400 && status < 500) return 'the receiver rejected the message: check the format';
  return 'the receiver returned an error';
}
