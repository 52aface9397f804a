import type { EarlyPasses, EarlyScope, EarlyStart } from '../../lib/schedule/early-passes.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import type { TriggerMetrics, TriggerResult } from '../../lib/telemetry/trigger-metrics.ts';
import { parsedJson } from '../../lib/text/parsed-json.ts';
import { requestedScope } from '../../lib/triggers/requested-scope.ts';
import type { BearerToken } from './bearer-token.ts';
import { type Page, type PostRequest, plain } from './http-server.ts';

/** The largest body that is read. An Event with the reference of an object takes 1 kB. */
const maxBodyBytes = 64 * 1024;

export interface TriggerDeps {
  readonly token: BearerToken;
  readonly early: Pick<EarlyPasses, 'request'>;
  readonly metrics: TriggerMetrics;
  readonly log: Log;
  /** Aborted when no further pass starts. */
  readonly signal: AbortSignal;
}

/**
 * The page of `POST /trigger`, which requests a pass that does not wait for the schedule. No part
 * of a request is logged. The only part of its body that is used is the name of an object.
 */
export function triggerPage(deps: TriggerDeps): (request: PostRequest) => Promise<Page> {
  const { log, metrics } = deps;
  const isUsable = tokenWatch(deps);
  return async (request) => {
    const answer = isUsable(request) ?? (await accepted(request, deps));
    metrics.requested(answer.result);
    log.debug({ trigger: answer.result }, `POST /trigger: ${answer.page.status}`);
    return answer.page;
  };
}

interface Answer {
  readonly result: TriggerResult;
  readonly page: Page;
}

/**
 * Rejects requests without the token. When the file of the token becomes unusable or usable again,
 * it logs this once.
 */
function tokenWatch({ token, log }: TriggerDeps): (request: PostRequest) => Answer | undefined {
  let isReported = false;
  return ({ headers }) => {
    const check = token.check(headers.authorization);
    if ('problem' in check) {
      const text = `POST /trigger is off until its token can be read: ${check.problem}`;
      if (!isReported) log.error(text);
      isReported = true;
      return unavailable('the token of wave-cron cannot be read: see its log');
    }
    if (isReported) log.info('POST /trigger is on again: its token can be read');
    isReported = false;
    if (check.kind === 'right') return undefined;
    const page = plain(401, 'the header authorization needs the bearer token of wave-cron');
    const headersOfAnswer = { 'www-authenticate': 'Bearer realm="wave-cron"' };
    return { result: 'Unauthorized', page: { ...page, headers: headersOfAnswer } };
  };
}

async function accepted(request: PostRequest, { early, signal }: TriggerDeps): Promise<Answer> {
  const scope = await scopeOf(request);
  if (typeof scope === 'object' && 'page' in scope) return scope;
  if (signal.aborted) return unavailable('stopping: no further pass starts');
  const start = early.request(scope);
  const text = `${JSON.stringify({ ...start, message: inWords(start) })}\n`;
  return {
    result: start.gathered ? 'Gathered' : 'Accepted',
    page: { status: 202, contentType: 'application/json', text },
  };
}

/** The objects that the request is about, or the response if the request is invalid. */
async function scopeOf({ headers, body }: PostRequest): Promise<EarlyScope | Answer> {
  if (headers['transfer-encoding'] !== undefined) {
    return invalid(411, 'the header content-length is required');
  }
  const length = Number(headers['content-length'] ?? 0);
  if (length > maxBodyBytes) {
    return invalid(413, `the body may have at most ${maxBodyBytes} bytes`);
  }
  if (length === 0) return 'all';
  if (!isJson(headers['content-type'])) {
    return invalid(415, 'the body must be application/json or application/cloudevents+json');
  }
  const bytes = await body(length).catch(() => undefined);
  const value = parsedJson(bytes?.toString());
  if (value === undefined) return invalid(400, 'the body is not JSON');
  const requested = requestedScope(value);
  return 'problem' in requested ? invalid(400, requested.problem) : requested.scope;
}

function isJson(contentType = ''): boolean {
  return /^application\/([a-z0-9.-]+\+)?json *(;|$)/i.test(contentType);
}

function inWords(start: EarlyStart): string {
  if (start.when === 'now') return 'a pass starts now';
  if (start.when === 'afterRunningPass') return 'a pass starts when the running one has ended';
  return `a pass starts in ${start.inMs} ms: requests start at most one pass per second, and fewer while passes fail`;
}

function invalid(status: number, text: string): Answer {
  return { result: 'Invalid', page: plain(status, text) };
}

function unavailable(text: string): Answer {
  return { result: 'Unavailable', page: plain(503, text) };
}
