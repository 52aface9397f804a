import { type AcquireOptions, acquire } from '../lib/lease/acquire.ts';
import type { LeaseHandle } from '../lib/lease/handle.ts';
import type { Clock } from '../lib/schedule/clock.ts';
import type { HeldLease, LeaseOutcome } from './held-lease.ts';

/**
 * After the keeper has released the lease on request, the keeper does not acquire the lease again
 * for this time. A contender that requested the lease reads it more often than that.
 */
const yieldMs = 1500;

/**
 * Keeps a lease between passes, so that a pass need not acquire it. When another process requests
 * the lease, the keeper releases it as soon as no pass is running.
 */
export class LeaseKeeper {
  readonly #clock: Clock;
  #handle: LeaseHandle | undefined;
  #cursor: string | undefined;
  #isBusy = false;
  #isRequested = false;
  #yieldedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Acquires the lease unless it is already held, and runs `work`. Call it only when the previous
   * call has ended.
   *
   * @param cursor returns the cursor for the next holder. It is called when the work has ended
   * @throws what `acquire` and the work throw
   */
  async run<T>(
    options: AcquireOptions,
    work: (held: HeldLease) => Promise<T>,
    cursor: () => string | undefined,
  ): Promise<LeaseOutcome<T>> {
    this.#isBusy = true;
    try {
      const handle = await this.#held(options);
      if ('kind' in handle) return handle;
      const { isHeld, lost } = handle;
      const serverTime = () => handle.serverTime();
      const value = await work({ isHeld, lost, serverTime, cursor: this.#cursor });
      this.#cursor = cursor();
      return { kind: 'done', value };
    } finally {
      this.#isBusy = false;
      if (this.#isRequested) await this.#yield();
    }
  }

  /** Another process requests the lease. */
  request(): void {
    if (this.#handle === undefined) return;
    this.#isRequested = true;
    if (!this.#isBusy) void this.#yield();
  }

  /** Releases the lease if it is held. Never rejects. */
  async release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#isRequested = false;
    await handle?.release(undefined, this.#cursor);
  }

  async #held(
    options: AcquireOptions,
  ): Promise<LeaseHandle | Extract<LeaseOutcome<never>, { kind: 'heldByOther' }>> {
    if (this.#handle?.isHeld() === true) return this.#handle;
    await this.release();
    const waitMs = this.#yieldedAt + yieldMs - this.#clock.now();
    if (waitMs > 0) await this.#clock.sleep(waitMs, options.signal);
    const acquired = await acquire({ ...options, keeps: true });
    if (acquired.kind === 'heldByOther') return { ...acquired, lease: options.lock.describe() };
    const { handle } = acquired;
    this.#handle = handle;
    this.#cursor = handle.cursor;
    handle.requested.addEventListener('abort', () => {
      if (this.#handle === handle) this.request();
    });
    return handle;
  }

  async #yield(): Promise<void> {
    this.#yieldedAt = this.#clock.now();
    await this.release();
  }
}
