/**
 * The clock of a walk, shared by all its processes. The clock can leap. So lease durations can be
 * long enough for the slowest machine, and still no test waits until a Lease expires.
 */
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../lib/schedule/clock.ts';

/** The state of a process that its clock depends on. */
export type Sleeper = {
  /** Pending while the process is stopped, and permanently if it is dead. */
  readonly awake: () => Promise<void>;
  readonly wallHours: number;
};

export class WorldClock {
  #leapt = 0;
  readonly #leapsUntilNow: { readonly at: number; readonly leapt: number }[] = [];
  readonly #leaps = new EventEmitter().setMaxListeners(0);

  now(): number {
    return performance.now() + this.#leapt;
  }

  /** The correct time, in milliseconds since 1970. */
  time(): number {
    return Date.now() + this.#leapt;
  }

  /** The number of milliseconds by which this clock is ahead of the machine. */
  get leapt(): number {
    return this.#leapt;
  }

  /** The value of `leapt` at a time of this machine's clock. */
  leaptAt(at: number): number {
    return this.#leapsUntilNow.findLast((each) => each.at <= at)?.leapt ?? 0;
  }

  /**
   * Like `leap`, but at the start of a second. So the times that the API server writes before and
   * after the leap differ.
   */
  async leapBetweenSeconds(ms: number): Promise<void> {
    await sleep(1_000 - (Date.now() % 1_000));
    this.leap(ms);
  }

  /** Moves the clocks of all processes forward by this time at once. */
  leap(ms: number): void {
    this.#leapt += ms;
    this.#leapsUntilNow.push({ at: Date.now(), leapt: this.#leapt });
    this.#leaps.emit('leap');
  }

  clockOf({ awake, wallHours }: Sleeper): Clock {
    return {
      now: () => this.now(),
      wallTime: () => new Date(this.time() + wallHours * 3_600_000),
      sleep: async (ms, signal) => {
        const until = this.now() + ms;
        signal?.throwIfAborted();
        while (this.now() < until) {
          const ended = new AbortController();
          const any = AbortSignal.any([ended.signal, ...(signal === undefined ? [] : [signal])]);
          try {
            await Promise.race([
              sleep(Math.max(0, until - this.now()), undefined, { signal: any }),
              once(this.#leaps, 'leap', { signal: any }),
            ]);
          } catch (error) {
            signal?.throwIfAborted();
            throw error;
          } finally {
            ended.abort();
          }
        }
        await awake();
        signal?.throwIfAborted();
      },
    };
  }
}
