import pRetry from 'p-retry';
import { WaveCronError } from '../errors.ts';
import { endpoint, exchange } from '../http/exchange.ts';
import { isTransientStatus, networkError } from '../kubernetes/client/api-error.ts';
import { credentialsIn, maskCredentials } from '../text/mask-credentials.ts';
import { quote } from '../text/quote.ts';
import { version } from '../version.ts';

/** What goes to a Pushgateway. */
export interface Push {
  /** An http or https URL: the base of the gateway; a name and password in it are sent as Basic. */
  readonly url: string;
  /** Labels of the group, `job` among them; no value is empty or has a slash. */
  readonly grouping: Readonly<Record<string, string>>;
  /** Whether metrics that the group has and the text has not are to go or to stay. */
  readonly mode: 'replace' | 'add';
  readonly contentType: string;
  readonly text: string;
}

const tries = 2;
const timeoutMs = 5_000;
/** As much as is read of why a gateway refuses. */
const longestAnswer = 1_000;

/**
 * Pushes metrics, with two tries of five seconds at the most, where the first fails in a way that
 * may pass.
 *
 * @param stopRetrying once aborted, a try that fails is the last one
 * @throws WaveCronError of one line, without what the URL may hold of credentials
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
  /** Below the base, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The base without credentials, for messages. */
  readonly shown: string;
  /** What of the request nobody may see. */
  readonly secrets: readonly string[];
}

function targetOf({ url, grouping, contentType }: Push): Target {
  const { origin, pathname, search, username, password } = new URL(url);
  const base = `${origin}${pathname.replace(/\/+$/, '')}`;
  // The gateway takes the first label for the job.
  const { job = '', ...labels } = grouping;
  const group = [['job', job], ...Object.entries(labels)].flat().map(encodeURIComponent).join('/');
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
  const headers = {
    'content-type': contentType,
    'user-agent': `wave-cron/${version}`,
    ...(username === '' && password === '' ? {} : { authorization: `Basic ${credentials}` }),
  };
  return {
    path: `/metrics/${group}${search}`,
    headers,
    shown: base,
    secrets: [...credentialsIn(headers), password, ...queryParts(search)],
  };
}

/** The query as it is sent, and each value in it, as it is sent and as it is meant. */
function queryParts(search: string): string[] {
  const query = search.slice(1);
  const values = query.split('&').map((pair) => pair.slice(pair.indexOf('=') + 1));
  return [query, ...values, ...values.map(decoded)];
}

/** A URL may have a percent sign that stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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
      // A connection that is kept for later would keep the process from ending.
      agent: false,
      timeoutMs,
      enough: longestAnswer,
    });
    if (status >= 200 && status < 300) return;
    // The Pushgateway says in plain words what is wrong with a request.
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

/** The beginning of what a gateway says, on one line. */
function inWords(answer: string, secrets: readonly string[]): string {
  // Where no more than the beginning was read, it may end in the midst of a secret.
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
