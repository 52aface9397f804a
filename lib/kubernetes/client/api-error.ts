import { WaveCronError } from '../../errors.ts';

/**
 * A request that did not succeed.
 *
 * Its message and its cause never hold what a body said where the body may be a source: the text
 * of a JSON syntax error quotes the text that it could not parse.
 */
export class ApiError extends WaveCronError {
  override readonly name = 'ApiError';
  /** HTTP status; undefined where no whole answer came. */
  readonly status: number | undefined;
  /** `reason` of the Status object, such as `AlreadyExists`. */
  readonly reason: string | undefined;
  /** Name of the object that the Status is about. */
  readonly subject: string | undefined;
  /** What the server asked us to wait before the next try, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    details: {
      status?: number | undefined;
      reason?: string | undefined;
      subject?: string | undefined;
      retryAfterMs?: number | undefined;
      canRetry: boolean;
    },
  ) {
    super(message, { canRetry: details.canRetry });
    this.status = details.status;
    this.reason = details.reason;
    this.subject = details.subject;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** An answer that was given up because it was larger than may be read. Trying again would not help. */
export class AnswerTooLargeError extends ApiError {
  constructor({ method, path }: { method: string; path: string }, bytes: number) {
    super(
      `the response to ${method} ${path} is too large: reading stopped after ${(bytes / 1024 / 1024).toFixed(1)} MiB`,
      { canRetry: false },
    );
  }
}

export function isApiError(error: unknown, ...statuses: readonly number[]): error is ApiError {
  return (
    error instanceof ApiError &&
    (statuses.length === 0 || (error.status !== undefined && statuses.includes(error.status)))
  );
}

/**
 * Whether the API server says that the object of this name does not exist. A bare 404 does not say
 * that: a proxy or a wrong base address answers so as well, and an absent source is acted upon.
 */
export function isAbsent(error: unknown, name: string): error is ApiError {
  return isApiError(error, 404) && error.reason === 'NotFound' && error.subject === name;
}

/** What may succeed a moment later: too many requests, and a server that is not well. */
export function isTransientStatus(status: number): boolean {
  return status === 429 || status === 500 || (status >= 502 && status <= 504);
}

/** Seconds or a date, as RFC 9110 allows both; undefined where neither. */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header.trim()) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

/** The certificate problems that OpenSSL and Node name by code: they do not go away by trying again. */
const certificateCodes =
  /^(CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|HOSTNAME_MISMATCH)/;

/** Says in words why no answer came, from the error of the HTTP library; the proxy is one that is on the way. */
export function networkError(error: unknown, server: string, proxy?: string): ApiError {
  const code = errorCode(error);
  if (certificateCodes.test(code)) {
    return new ApiError(`the certificate of ${server} is not accepted (${code})`, {
      canRetry: false,
    });
  }
  const tls = code === 'EPROTO' ? openSslReason(error) : code;
  const isTls = code === 'EPROTO' || /^ERR_(SSL|OSSL)_/.test(code);
  // A record that came damaged ends a connection that was made before; the next one will do.
  if (isTls && !/bad.record.mac/i.test(tls)) {
    return new ApiError(`no TLS connection is possible with ${server} (${tls})`, {
      canRetry: false,
    });
  }
  const way = proxy === undefined ? server : `${server} through the proxy ${proxy}`;
  return new ApiError(`${networkWords[code] ?? 'the connection failed'} (${way}, ${code})`, {
    canRetry: true,
  });
}

const networkWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed before the response was complete',
  EPIPE: 'the connection was closed',
  ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC: 'a TLS record of the connection was damaged',
  ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC: 'a TLS record of the connection was damaged',
  ENOTFOUND: 'the host name of the server cannot be resolved',
  EAI_AGAIN: 'the host name of the server cannot be resolved at the moment',
  EHOSTUNREACH: 'the server cannot be reached',
  ENETUNREACH: 'the network of the server cannot be reached',
  ETIMEDOUT: 'no response in time',
  TimeoutError: 'no response in time',
};

/** What OpenSSL says, of `…:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:…`. */
function openSslReason(error: unknown): string {
  const [, reason] = /:SSL routines:[^:]*:([^:]+):/.exec(String(error)) ?? [];
  return reason ?? 'EPROTO';
}

function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && code !== '') return code;
  if (error.cause instanceof Error) return errorCode(error.cause);
  return error.name;
}
