/**
 * Virtual time, and everything that happens in it. Only the events of the queue happen. Between two
 * events, all promises that can continue do so. So a seed decides the order of everything.
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
  /** Lines of the log. */
  lines = 0;

  /** @param onLine gets each line of the log */
  constructor(seed: number, onLine?: (line: string) => void) {
    this.random = new SeededRandom(seed);
    this.#onLine = onLine;
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now;
  }

  /** The right time, in milliseconds since 1970. */
  get time(): number {
    return beganAt + this.#now;
  }

  /** Events that wait, those that were canceled included. */
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

  /** The hex digest of all lines so far. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Runs everything that happens within this time. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.whileTrue(() => (this.#queue.nextAt() ?? Number.POSITIVE_INFINITY) <= until);
    this.#now = Math.max(this.#now, until);
  }

  /**
   * Runs events while the condition holds and within this time.
   *
   * @returns whether the condition does not hold any more
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
