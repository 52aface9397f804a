/** A process of the simulation: its clock, its randomness, and how it ends. */
import type { Clock } from '../../../lib/schedule/clock.ts';
import type { SeededRandom } from './random.ts';
import type { World } from './world.ts';

export class SimulatedProcess {
  readonly name: string;
  readonly world: World;
  readonly random: SeededRandom;
  readonly clock: Clock;
  /** What its wall clock is ahead of the right time. */
  wallOffsetMs = 0;
  #state: 'running' | 'stopped' | 'dead' = 'running';
  #held: (() => void)[] = [];
  /** Timers and answers that it waits for. */
  pending = 0;

  constructor(name: string, world: World) {
    this.name = name;
    this.world = world;
    this.random = world.random.fork();
    const zero = this.random.below(1_000_000);
    this.clock = {
      now: () => world.now + zero,
      wallTime: () => new Date(world.time + this.wallOffsetMs),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  get state(): 'running' | 'stopped' | 'dead' {
    return this.#state;
  }

  /** As SIGKILL: nothing of it goes on. */
  kill(): void {
    this.#state = 'dead';
    this.#held = [];
  }

  /** As SIGSTOP: nothing of it goes on until `resume`, and time passes. */
  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  /** As SIGCONT. */
  resume(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    for (const run of this.#held.splice(0)) this.world.after(0, () => this.#happen(run));
  }

  /** Something happens to the process after this time. @returns cancels it */
  after(ms: number, run: () => void): () => void {
    this.pending += 1;
    let isOver = false;
    const over = (): boolean => {
      if (isOver) return false;
      isOver = true;
      this.pending -= 1;
      return true;
    };
    const once = (): void => {
      if (over()) run();
    };
    const event = this.world.after(ms, () => this.#happen(once));
    return () => {
      event.isCanceled = true;
      over();
    };
  }

  #happen(run: () => void): void {
    if (this.#state === 'running') run();
    else if (this.#state === 'stopped') this.#held.push(run);
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const aborted = (): void => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      });
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }
}
