import type { Clock } from './clock.ts';

/** The objects that a request is about. */
export type EarlyScope = 'all' | NamedScope;

/** Each set may be empty. Sources and workloads are `Kind/namespace/name`. */
export interface NamedScope {
  readonly sources: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
  readonly workloads: ReadonlySet<string>;
}

/**
 * The time at which the requested pass starts. `gathered`: the pass also fulfills earlier requests.
 */
export type EarlyStart = { readonly gathered: boolean } & EarlyStartTime;

type EarlyStartTime =
  | { readonly when: 'now' }
  /**
   * The pass starts when the running pass has ended, because the running pass may have read the old
   * value.
   */
  | { readonly when: 'afterRunningPass' }
  /** Later, because of the rate limit, or because the last pass failed. */
  | { readonly when: 'later'; readonly inMs: number };

/** The requests that one pass fulfills. */
export interface EarlyRequests {
  readonly scope: EarlyScope;
  readonly requests: number;
}

/**
 * The result of a pass for its requests. `held`: another process held the Lease. That process may
 * have read the old value, so the requests need another pass.
 */
export type EarlyEnd = 'done' | 'held' | 'failed';

export interface EarlyPassesOptions {
  readonly clock: Clock;
  /** The minimum time between the starts of two passes that were started only by requests. */
  readonly spacingMs?: number;
  /** The minimum time after a pass that did not get the Lease. Default: 0. */
  readonly heldSpacingMs?: number;
  /**
   * If the requests have more names than this, they become one request for everything. So the
   * memory is bounded.
   */
  readonly maxNames?: number;
}

/** After each failure in a row, the wait until the next early pass doubles up to this time. */
const longestBackOffMs = 30_000;

/**
 * Gathers requests for a pass that does not wait for the schedule, and decides when this pass is
 * due. In a burst of requests, the first request starts a pass at once, and one pass after it
 * fulfills the other requests. `tick` waits with `next`. For each pass, early or scheduled, call
 * `begin` before its first read and `end` after its last write. A request is kept until a pass is
 * done that began after the request.
 */
export class EarlyPasses {
  readonly #clock: Clock;
  readonly #spacingMs: number;
  readonly #heldSpacingMs: number;
  readonly #maxNames: number;
  #waiting: Gathered | undefined;
  #inPass: Gathered | undefined;
  #isPassing = false;
  #dueAt = Number.NEGATIVE_INFINITY;
  #urgentDueAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #change = Promise.withResolvers<void>();

  constructor({ clock, spacingMs = 1000, heldSpacingMs = 0, maxNames = 1000 }: EarlyPassesOptions) {
    this.#clock = clock;
    this.#spacingMs = spacingMs;
    this.#heldSpacingMs = heldSpacingMs;
    this.#maxNames = maxNames;
  }

  /**
   * Requests a pass. It costs constant time for a scope of constant size.
   *
   * @param isUrgent whether the pass may start even if a partial pass has started within the rate
   * limit
   */
  request(scope: EarlyScope, isUrgent = false): EarlyStart {
    const gathered = this.#waiting !== undefined;
    this.#gather(new Gathered(scope, 1, isUrgent));
    if (this.#isPassing) return { when: 'afterRunningPass', gathered };
    const inMs = Math.ceil(this.#msUntilDue());
    return inMs > 0 ? { when: 'later', inMs, gathered } : { when: 'now', gathered };
  }

  /**
   * Waits until an early pass is due: there is a request, no pass is running, and the rate limit
   * allows it.
   *
   * @throws the reason of the signal once it is aborted
   */
  async next(signal: AbortSignal): Promise<void> {
    for (let left = this.#msUntilDue(); left > 0; left = this.#msUntilDue()) {
      await this.#changedWithin(left, signal);
    }
    signal.throwIfAborted();
  }

  /**
   * Must be called when a pass begins. The pass takes all requests.
   *
   * @param isEarly whether only requests started the pass, so that it counts for the rate limit
   * @returns undefined if there were no requests
   */
  begin(isEarly: boolean): EarlyRequests | undefined {
    this.#isPassing = true;
    if (isEarly) {
      this.#dueAt = this.#clock.now() + this.#spacingMs;
      this.#urgentDueAt = this.#dueAt;
    }
    this.#inPass = this.#waiting;
    this.#waiting = undefined;
    return this.#inPass;
  }

  /**
   * Must be called when the pass has ended. If it is not done, its requests wait for another pass.
   *
   * @param isPartial whether the pass handled only the workloads of its requests
   */
  end(end: EarlyEnd, isPartial = false): void {
    this.#isPassing = false;
    if (isPartial && end === 'done') this.#urgentDueAt = Number.NEGATIVE_INFINITY;
    this.#failures = end === 'failed' ? this.#failures + 1 : 0;
    if (this.#failures > 0) this.#backOff();
    if (end === 'held') this.#waitAtLeast(this.#heldSpacingMs);
    const unfulfilled = end === 'done' ? undefined : this.#inPass;
    this.#inPass = undefined;
    if (unfulfilled !== undefined) this.#gather(unfulfilled);
    this.#wake();
  }

  #gather(more: Gathered): void {
    if (this.#waiting === undefined) this.#waiting = more;
    else this.#waiting.add(more);
    this.#waiting.limit(this.#maxNames);
    this.#wake();
  }

  #backOff(): void {
    const waitMs = Math.min(this.#spacingMs * 2 ** this.#failures, longestBackOffMs);
    this.#waitAtLeast(waitMs);
  }

  #waitAtLeast(ms: number): void {
    this.#dueAt = Math.max(this.#dueAt, this.#clock.now() + ms);
    this.#urgentDueAt = this.#dueAt;
  }

  #msUntilDue(): number {
    if (this.#waiting === undefined || this.#isPassing) return Number.POSITIVE_INFINITY;
    const dueAt = this.#waiting.isUrgent ? this.#urgentDueAt : this.#dueAt;
    return Math.max(0, dueAt - this.#clock.now());
  }

  #wake(): void {
    this.#change.resolve();
  }

  /**
   * Waits for this time, or until something changes: with an urgent request, a pass may be due
   * earlier.
   */
  async #changedWithin(ms: number, signal: AbortSignal): Promise<void> {
    if (ms === Number.POSITIVE_INFINITY) return await this.#changed(signal);
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const waits = [this.#changed(either), this.#clock.sleep(ms, either)];
    try {
      await Promise.race(waits);
    } finally {
      over.abort();
      await Promise.allSettled(waits);
    }
  }

  async #changed(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const change = Promise.withResolvers<void>();
    this.#change = change;
    const onAbort = (): void => change.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await change.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** The union of several requests. */
class Gathered implements EarlyRequests {
  #names: Record<keyof NamedScope, Set<string>> | undefined;
  #requests: number;
  /** Whether one of the requests is urgent. */
  #isUrgent: boolean;

  constructor(scope: EarlyScope, requests: number, isUrgent: boolean) {
    this.#requests = requests;
    this.#isUrgent = isUrgent;
    if (scope === 'all') return;
    const { sources, namespaces, workloads } = scope;
    this.#names = {
      sources: new Set(sources),
      namespaces: new Set(namespaces),
      workloads: new Set(workloads),
    };
  }

  get scope(): EarlyScope {
    return this.#names ?? 'all';
  }

  get requests(): number {
    return this.#requests;
  }

  get isUrgent(): boolean {
    return this.#isUrgent;
  }

  add({ scope, requests, isUrgent }: Gathered): void {
    this.#requests += requests;
    this.#isUrgent ||= isUrgent;
    if (scope === 'all') this.#names = undefined;
    if (scope === 'all' || this.#names === undefined) return;
    for (const part of ['sources', 'namespaces', 'workloads'] as const) {
      for (const name of scope[part]) this.#names[part].add(name);
    }
  }

  limit(maxNames: number): void {
    if (this.#names === undefined) return;
    const { sources, namespaces, workloads } = this.#names;
    if (sources.size + namespaces.size + workloads.size > maxNames) this.#names = undefined;
  }
}
