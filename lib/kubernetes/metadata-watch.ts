import { WaveCronError } from '../errors.ts';
import type { Clock } from '../schedule/clock.ts';
import type { ApiClient } from './client/api-client.ts';
import { AnswerTooLargeError, ApiError, isApiError } from './client/api-error.ts';
import type { OpenWatch } from './client/watch-client.ts';
import type { ObjectMeta } from './objects.ts';

/** Which objects to watch. */
export interface WatchScope {
  /** The path of a list: see `listPath`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
}

/** Receives the reports of a watch. Its functions must not throw. */
export interface WatchListener {
  /**
   * The watch starts at the current version. The watch did not report changes before this version.
   * Only a complete list that is requested from now on contains them.
   */
  started(): void;
  /** An object was created, changed or deleted. */
  changed(metadata: ObjectMeta, isDeleted: boolean): void;
  /** The watch ended with an error and is opened again later. */
  failed(error: unknown): void;
}

export interface WatchDeps {
  readonly api: ApiClient;
  readonly open: OpenWatch;
  readonly clock: Clock;
  /** A number from 0 up to but not including 1. */
  readonly random: () => number;
  /** How long the server may be silent, in milliseconds. It sends a bookmark about every minute. */
  readonly idleMs?: number;
}

/** Longer than two intervals between bookmarks. */
const usualIdleMs = 150_000;
/** The server ends each watch after 5 to 10 minutes, the same time as in client-go. */
const leastSeconds = 300;
const shortestPauseMs = 200;
const longestPauseMs = 30_000;

/**
 * Watches the metadata of objects until the signal is aborted, and does not keep the metadata. When
 * a watch ends, the next watch continues from its last version. If this version is too old, or if
 * the response cannot be trusted, the next watch starts at the current version.
 *
 * @throws never for a failed request; the returned promise resolves after the signal
 */
export async function watchMetadata(
  scope: WatchScope,
  on: WatchListener,
  deps: WatchDeps,
  signal: AbortSignal,
): Promise<void> {
  await new MetadataWatch(scope, on, deps, signal).run();
}

class MetadataWatch {
  readonly #scope: WatchScope;
  readonly #on: WatchListener;
  readonly #deps: WatchDeps;
  readonly #signal: AbortSignal;
  /** The last version that was seen; undefined: start at the current version. */
  #version: string | undefined;
  #failures = 0;

  constructor(scope: WatchScope, on: WatchListener, deps: WatchDeps, signal: AbortSignal) {
    this.#scope = scope;
    this.#on = on;
    this.#deps = deps;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        const version = this.#version ?? (await this.#start());
        const before = this.#deps.clock.now();
        await this.#watch(version);
        // If the server ends each watch at once, there must be a pause between two watches.
        if (this.#deps.clock.now() - before >= longestPauseMs) this.#failures = 0;
        else await this.#pause();
      } catch (error) {
        if (this.#signal.aborted) return;
        if (isDoubtful(error)) this.#version = undefined;
        // The only problem is that the version is too old: the watch starts again at the current
        // version.
        if (isApiError(error, 410) && this.#failures === 0) {
          this.#failures = 1;
          continue;
        }
        this.#on.failed(error);
        await this.#pause();
      }
    }
  }

  async #start(): Promise<string> {
    const version = await this.#presentVersion();
    this.#version = version;
    this.#on.started();
    return version;
  }

  async #presentVersion(): Promise<string> {
    const { path, query } = this.#scope;
    const list = await this.#deps.api.request<List | null>({
      method: 'GET',
      path,
      query: { ...query, limit: 1 },
      part: 'list of metadata',
      signal: this.#signal,
      tries: 1,
    });
    const version = list?.metadata?.resourceVersion;
    if (typeof version === 'string' && version !== '') return version;
    throw notWatch(path);
  }

  async #watch(version: string): Promise<void> {
    const { open, random, idleMs = usualIdleMs } = this.#deps;
    const { path, query } = this.#scope;
    const timeoutSeconds = Math.round(leastSeconds * (1 + random()));
    await open({
      path,
      query: {
        ...query,
        ...{ watch: 'true', allowWatchBookmarks: 'true' },
        ...{ resourceVersion: version, timeoutSeconds },
      },
      ...{ idleMs, signal: this.#signal },
      onLine: (line) => this.#take(line),
    });
  }

  #take(line: string): void {
    const { type, object } = parsed(line, this.#scope.path);
    if (type === 'ERROR') throw statusError(object, this.#scope.path);
    const version = object.metadata?.resourceVersion;
    if (typeof version !== 'string' || version === '') throw notWatch(this.#scope.path);
    this.#failures = 0;
    if (type !== 'BOOKMARK') {
      if (!object.metadata || !changes.has(type)) throw notWatch(this.#scope.path);
      this.#on.changed(object.metadata, type === 'DELETED');
    }
    this.#version = version;
  }

  /** Doubled with each failure, with jitter so that replicas do not connect at the same time. */
  async #pause(): Promise<void> {
    const { clock, random } = this.#deps;
    const most = Math.min(shortestPauseMs * 2 ** this.#failures, longestPauseMs);
    this.#failures += 1;
    await clock.sleep(most * (0.5 + random() / 2), this.#signal).catch(() => undefined);
  }
}

interface List {
  readonly metadata?: { readonly resourceVersion?: unknown } | null;
}

interface WatchEvent {
  readonly type: string;
  readonly object: { readonly metadata?: ObjectMeta | null; readonly code?: unknown };
}

const changes: ReadonlySet<string> = new Set(['ADDED', 'MODIFIED', 'DELETED']);

function parsed(line: string, path: string): WatchEvent {
  let event: Partial<WatchEvent> | null;
  try {
    event = JSON.parse(line);
  } catch {
    throw notWatch(path);
  }
  const { type, object } = event ?? {};
  if (typeof type !== 'string' || typeof object !== 'object' || object === null) {
    throw notWatch(path);
  }
  return { type, object };
}

/** The error does not contain the line, because the line may contain anything. */
function notWatch(path: string): WaveCronError {
  return new WaveCronError(`the response to a watch of ${path} is not a watch of the API server`);
}

function statusError({ code }: WatchEvent['object'], path: string): ApiError {
  const status = typeof code === 'number' ? code : undefined;
  const message = `the watch of ${path} ended with ${status ?? 'an unknown error'}`;
  return new ApiError(message, { status, canRetry: true });
}

/**
 * Whether the last version may be wrong or too old. If the connection broke, or if the server
 * rejects requests for a while, the version is still valid.
 */
function isDoubtful(error: unknown): boolean {
  if (!(error instanceof ApiError) || error instanceof AnswerTooLargeError) return true;
  const { status = 503 } = error;
  return status < 500 && status !== 401 && status !== 403 && status !== 429;
}
