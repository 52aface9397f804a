import pRetry from 'p-retry';
import { WaveCronError } from '../errors.ts';
import { basicAuthorization, percentDecoded } from '../http/basic-authorization.ts';
import { endpoint, exchange } from '../http/exchange.ts';
import { isTransientStatus, networkError } from '../kubernetes/client/api-error.ts';
import { credentialsIn, maskCredentials } from '../text/mask-credentials.ts';
import { quote } from '../text/quote.ts';
import { version } from '../version.ts';

/** A request to a Pushgateway. */
export interface Push {
  /**
   * The base URL of the gateway, http or https. A user name and password in it are sent with Basic
   * authentication.
   */
  readonly url: string;
  /** Labels of the group, including `job`. No value is empty or contains a slash. */
  readonly grouping: Readonly<Record<string, string>>;
  /**
   * If the group has metrics that are not in the text: `replace` removes them, and `add` keeps
   * them.
   */
  readonly mode: 'replace' | 'add';
  readonly contentType: string;
  readonly text: string;
}

const tries = 2;
const timeoutMs = 5_000;
/** Maximum bytes to read of an error response. */
const longestAnswer = 1_000;

/**
 * Pushes metrics. It makes at most two attempts of five seconds, the second attempt only after a
 * transient failure.
 *
 * @param stopRetrying once aborted, no retry starts
 * @throws WaveCronError with a message of one line, without credentials of the URL
 */
export async function pushMetrics(push: Push, stopRetrying?: AbortSignal): Promise<void> {
  const target = targetOf(push);
  await pRetry(() => pushOnce(push, target), {
    retries: tries - 1,
    minTimeout: 200,
    shouldRetry: ({ error }) =>
      error instanceof WaveCronError && error.canRetry && stopRetrying?.aborted !== true,
  });
}

interface Target {
  /** The URL of the group. Its path is below the base URL, and it has the query of the base URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The base URL without credentials, for messages. */
  readonly shown: string;
  /** Parts of the request that must not be shown. */
  readonly secrets: readonly string[];
}

function targetOf({ url, grouping, contentType }: Push): Target {
  const { origin, pathname, search, username, password } = new URL(url);
  const base = `${origin}${pathname.replace(/\/+$/, '')}`;
  // The gateway requires `job` as the first label.
  const { job = '', ...labels } = grouping;
  const group = [['job', job], ...Object.entries(labels)].flat().map(encodeURIComponent).join('/');
  const authorization = basicAuthorization({ username, password });
  const headers = {
    'content-type': contentType,
    'user-agent': `wave-cron/${version}`,
    ...(authorization === undefined ? {} : { authorization }),
  };
  return {
    path: `/metrics/${group}${search}`,
    headers,
    shown: base,
    secrets: [...credentialsIn(headers), password, ...queryParts(search)],
  };
}

/** The query as it is sent, and each value in the query, encoded and decoded. */
function queryParts(search: string): string[] {
  const query = search.slice(1);
  const values = query.split('&').map((pair) => pair.slice(pair.indexOf('=') + 1));
  return [query, ...values, ...values.map(percentDecoded)];
}

async function pushOnce({ mode, text }: Push, target: Target): Promise<void> {
  const { path, headers, shown, secrets } = target;
  const failure = (what: string, canRetry: boolean): WaveCronError =>
    new WaveCronError(
      `the metrics could not be pushed to ${shown} (the pass is not affected): ${what}`,
      { canRetry },
    );
  try {
    const { status, text: answer } = await exchange(endpoint(shown), {
      method: mode === 'replace' ? 'PUT' : 'POST',
      path,
      headers,
      body: text,
      // A kept-alive connection would keep the process running.
      agent: false,
      timeoutMs,
      enough: longestAnswer,
    });
    if (status >= 200 && status < 300) return;
    // The Pushgateway explains in plain text what is wrong with a request.
    const why = status === 400 ? quote(inWords(answer, secrets)) : '';
    throw failure(`${words(status)}${why} [HTTP ${status}]`, isTransientStatus(status));
  } catch (error) {
    if (error instanceof WaveCronError) throw error;
    const { message, canRetry } = networkError(error, 'the gateway');
    throw failure(
      `${message}; check that the gateway is running and that metricsPushUrl is correct`,
      canRetry,
    );
  }
}

/** The beginning of an error response, on one line. */
function inWords(answer: string, secrets: readonly string[]): string {
  // If the response was cut, its end may be a part of a secret.
  const longest = Math.max(0, ...secrets.map((secret) => secret.length));
  const whole = answer.length < longestAnswer;
  const masked = maskCredentials(answer, secrets);
  const shown = whole ? masked : masked.slice(0, -longest || undefined);
  return shown.replace(/\s+/g, ' ').trim();
}

function words(status: number): string {
  if (status >= 300 && status < 400) {
    return 'the gateway redirected the request: set metricsPushUrl to the address that it redirects to';
  }
  if (status === 400) return 'the gateway rejected the metrics: ';
  if (status === 401 || status === 403) {
    return 'the gateway denied access: check the name and password in metricsPushUrl';
  }
  if (status === 404 || status === 405) {
    return 'not a Pushgateway: set metricsPushUrl to the base address of one, without /metrics';
  }
  return 'the gateway returned an error: see its log';
}
