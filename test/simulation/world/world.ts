/**
 * Virtual time, with a queue of all events. Only these events run. Between two events, the world waits
 * until no promise can continue. So a seed decides the complete order.
 */
import { createHash } from 'node:crypto';
import { EventQueue, type SimulatedEvent } from './events.ts';
import { SeededRandom } from './random.ts';

const beganAt = Date.UTC(2026, 0, 5);

export class World {
  readonly random: SeededRandom;
  readonly #queue = new EventQueue();
  readonly #hash = createHash('sha256');
  readonly #onLine: ((line: string) => void) | undefined;
  #now = 0;
  /** The number of log lines. */
  lines = 0;

  /** @param onLine called with each line of the log */
  constructor(seed: number, onLine?: (line: string) => void) {
    this.random = new SeededRandom(seed);
    this.#onLine = onLine;
  }

  /** The time since the world began, in milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** The true time, in milliseconds since 1970. */
  get time(): number {
    return beganAt + this.#now;
  }

  /** The number of waiting events, including canceled events. */
  get waiting(): number {
    return this.#queue.size;
  }

  after(ms: number, run: () => void): SimulatedEvent {
    return this.#queue.add(this.#now + Math.max(ms, 0), run);
  }

  log(line: string): void {
    const text = `${this.#now.toFixed(3)} ${line}`;
    this.lines += 1;
    this.#hash.update(text).update('\n');
    this.#onLine?.(text);
  }

  /** The digest of all lines so far, in hex. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Runs all events within this time. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.whileTrue(() => (this.#queue.nextAt() ?? Number.POSITIVE_INFINITY) <= until);
    this.#now = Math.max(this.#now, until);
  }

  /**
   * Runs events until the condition is true or the time has passed.
   *
   * @returns whether the condition is true
   */
  async until(isDone: () => boolean, withinMs: number): Promise<boolean> {
    const until = this.#now + withinMs;
    await this.whileTrue(
      () => !isDone() && (this.#queue.nextAt() ?? Number.POSITIVE_INFINITY) <= until,
    );
    return isDone();
  }

  async whileTrue(condition: () => boolean): Promise<void> {
    await settled();
    while (condition()) {
      const event = this.#queue.take();
      if (event === undefined) return;
      this.#now = Math.max(this.#now, event.at);
      event.run();
      await settled();
    }
  }
}

/** Resolves when no promise can continue. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
