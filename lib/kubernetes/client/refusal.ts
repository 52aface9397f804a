import type { HttpAnswer } from '../../http/exchange.ts';
import { credentialsIn, maskCredentials } from '../../text/mask-credentials.ts';
import type { Authorization, Connection } from '../credentials/connection.ts';
import { ApiError, isTransientStatus, parseRetryAfter } from './api-error.ts';
import { redactServerMessage } from './redaction.ts';

interface Refused extends Pick<HttpAnswer, 'status' | 'headers' | 'text'> {
  /** By the wall clock. */
  readonly receivedAt: Date;
}

/**
 * An error for a status that is not 2xx, with the message of the Status object if the response
 * contains one.
 */
export function refusal(
  { status, headers, text, receivedAt }: Refused,
  { method, path }: { readonly method: string; readonly path: string },
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
    retryAfterMs: parseRetryAfter(retryAfter, receivedAt),
    canRetry: isTransientStatus(status),
  });
}

/** @param secrets texts to mask in the message */
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

/** A message must fit into a log line, an Event and a table cell. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 400 ? `${line.slice(0, 397)}...` : line;
}
