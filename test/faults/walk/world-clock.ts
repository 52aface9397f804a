/**
 * The time of a walk, the same for all its processes. It can leap, so that leases can be long (no
 * machine is too slow for them) and yet nobody waits for one to run out.
 */
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../lib/schedule/clock.ts';

/** A process as its clock sees it. */
export type Sleeper = {
  /** Pending while it is stopped; for ever where it is dead. */
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

  /** The right time, milliseconds since 1970. */
  time(): number {
    return Date.now() + this.#leapt;
  }

  /** How far it is ahead of this machine, in milliseconds. */
  get leapt(): number {
    return this.#leapt;
  }

  /** As `leapt`, at a time of this machine. */
  leaptAt(at: number): number {
    return this.#leapsUntilNow.findLast((each) => each.at <= at)?.leapt ?? 0;
  }

  /** As `leap`, at the start of a second, so that the times of the API server before it and after it differ. */
  async leapBetweenSeconds(ms: number): Promise<void> {
    await sleep(1_000 - (Date.now() % 1_000));
    this.leap(ms);
  }

  /** Everybody's clock goes on by so much at once. */
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
