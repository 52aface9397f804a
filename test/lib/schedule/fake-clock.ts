import type { Clock } from '../../../lib/schedule/clock.ts';

/**
 * Simulated time for any number of processes, each with its own clock. Time only moves when a test advances it.
 * It stops at each wake-up until everything that the wake-up starts has settled.
 */
export class FakeTime {
  #now = 0;
  #order = 0;
  #waiting: Waiting[] = [];

  /** The true time in milliseconds. No simulated process can see it. */
  get now(): number {
    return this.#now;
  }

  clock(options: ClockOptions = {}): FakeClock {
    return new FakeClock(this, options);
  }

  /** Resolves at a moment of true time, after all earlier wake-ups. */
  at(moment: number): Promise<void> {
    return new Promise((wake) => {
      this.wakeAt(moment, wake);
    });
  }

  /** @returns a function that cancels the wake-up */
  wakeAt(moment: number, wake: () => void): () => void {
    const waiting = { moment: Math.max(moment, this.#now), order: this.#order, wake };
    this.#order += 1;
    this.#waiting.push(waiting);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
    };
  }

  /** Advances the true time by `ms`. Calls `afterEach` after each wake-up has settled. */
  async advance(ms: number, afterEach: () => void = () => undefined): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#takeNext(end); next !== undefined; next = this.#takeNext(end)) {
      this.#now = next.moment;
      next.wake();
      await settled();
      afterEach();
    }
    this.#now = end;
    await settled();
    afterEach();
  }

  #takeNext(end: number): Waiting | undefined {
    let next: Waiting | undefined;
    for (const waiting of this.#waiting) {
      if (waiting.moment > end) continue;
      if (next === undefined || isEarlier(waiting, next)) next = waiting;
    }
    if (next !== undefined) this.#waiting = this.#waiting.filter((waiting) => waiting !== next);
    return next;
  }
}

export interface ClockOptions {
  /** Milliseconds of this clock per millisecond of true time. */
  readonly rate?: number;
  /** The wall-clock time at true time 0. */
  readonly wallTime?: Date;
}

/** The clock of one simulated process, which can be stopped as by SIGSTOP. */
export class FakeClock implements Clock {
  readonly #time: FakeTime;
  readonly #rate: number;
  #wallAtZero: number;
  #stoppedUntil = 0;

  constructor(
    time: FakeTime,
    { rate = 1, wallTime = new Date('2026-01-01T00:00:00Z') }: ClockOptions,
  ) {
    this.#time = time;
    this.#rate = rate;
    this.#wallAtZero = wallTime.getTime();
  }

  now(): number {
    return this.#time.now * this.#rate;
  }

  wallTime(): Date {
    return new Date(this.#wallAtZero + this.now());
  }

  /** Changes the wall clock at once, as an administrator or a time server may do. */
  stepWallClock(ms: number): void {
    this.#wallAtZero += ms;
  }

  /** Stops the process until this moment of true time. Its clock goes on. */
  stopUntil(moment: number): void {
    this.#stoppedUntil = Math.max(this.#stoppedUntil, moment);
  }

  get isStopped(): boolean {
    return this.#time.now < this.#stoppedUntil;
  }

  /** Resolves at a moment of true time, or later when the process runs again. */
  async awakeAt(moment: number): Promise<void> {
    await this.#time.at(moment);
    while (this.isStopped) {
      if (this.#stoppedUntil === Number.POSITIVE_INFINITY) await new Promise(() => undefined);
      await this.#time.at(this.#stoppedUntil);
    }
  }

  /** The moment at which a timer fires. Timers have whole milliseconds, and never fire early. */
  #momentAfter(ms: number): number {
    const { now } = this.#time;
    return ms > 0 ? Math.max(Math.ceil(now + ms / this.#rate), now + 1) : now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        takeBack();
        reject(signal?.reason);
      };
      const wake = () => {
        if (this.isStopped) {
          takeBack = this.#time.wakeAt(this.#stoppedUntil, wake);
          return;
        }
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      let takeBack = this.#time.wakeAt(this.#momentAfter(ms), wake);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

interface Waiting {
  readonly moment: number;
  readonly order: number;
  readonly wake: () => void;
}

function isEarlier(one: Waiting, other: Waiting): boolean {
  return one.moment < other.moment || (one.moment === other.moment && one.order < other.order);
}

/** Resolves when all promises that can continue have continued. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
