import { WaveCronError } from '../../errors.ts';

/**
 * A request that failed.
 *
 * The message and the cause never contain a body that may be a source. So they do not contain a
 * JSON syntax error either, because it quotes the text that could not be parsed.
 */
export class ApiError extends WaveCronError {
  override readonly name = 'ApiError';
  /** HTTP status; undefined if no complete response came. */
  readonly status: number | undefined;
  /** `reason` of the Status object, such as `AlreadyExists`. */
  readonly reason: string | undefined;
  /** Name of the object in the Status. */
  readonly subject: string | undefined;
  /** The wait before the next attempt that the server requested, in milliseconds. */
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

/**
 * The response was larger than admitted, so reading the response stopped. A retry would not help.
 */
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
 * Whether the API server says that the object with this name does not exist. A plain 404 is not
 * enough: a proxy or a wrong base address may also return a 404, and a pass acts on absent sources.
 */
export function isAbsent(error: unknown, name: string): error is ApiError {
  return isApiError(error, 404) && error.reason === 'NotFound' && error.subject === name;
}

/** Statuses after which a retry may succeed: too many requests, and server errors. */
export function isTransientStatus(status: number): boolean {
  return status === 429 || status === 500 || (status >= 502 && status <= 504);
}

/** Parses Retry-After: seconds or a date, as defined in RFC 9110; undefined for any other text. */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header.trim()) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

/** Certificate errors of OpenSSL and Node by code. A retry does not help. */
const certificateCodes =
  /^(CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|HOSTNAME_MISMATCH)/;

/**
 * An error that explains why no response came. `proxy` is the proxy to the server, if there is one.
 */
export function networkError(error: unknown, server: string, proxy?: string): ApiError {
  const code = errorCode(error);
  if (certificateCodes.test(code)) {
    return new ApiError(`the certificate of ${server} is not accepted (${code})`, {
      canRetry: false,
    });
  }
  const tls = openSslReason(error, code);
  const isTls = code === 'EPROTO' || /^ERR_(SSL|OSSL)_/.test(code);
  // A damaged TLS record ends only one connection; a new connection may work.
  if (isTls && !/bad.record.mac/i.test(tls)) {
    return new ApiError(`no TLS connection is possible with ${server} (${tls})`, {
      canRetry: false,
    });
  }
  const way = proxy === undefined ? server : `${server} through the proxy ${proxy}`;
  const words = code.startsWith('ERR_HTTP2_') ? networkWords['ECONNRESET'] : networkWords[code];
  return new ApiError(`${words ?? 'the connection failed'} (${way}, ${code})`, {
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

/**
 * The reason of OpenSSL, such as `wrong version number`. It is in the code
 * `ERR_SSL_WRONG_VERSION_NUMBER`, or in a message with the code `EPROTO`:
 * `…:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:…`.
 */
function openSslReason(error: unknown, code: string): string {
  const [, inCode] = /^ERR_O?SSL_(\w+)$/.exec(code) ?? [];
  const [, inMessage] = /:SSL routines:[^:]*:([^:]+):/.exec(String(error)) ?? [];
  return inCode?.toLowerCase().replaceAll('_', ' ') ?? inMessage ?? code;
}

function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && code !== '') return code;
  if (error.cause instanceof Error) return errorCode(error.cause);
  return error.name;
}
