/** A process in the simulation, with its clock, its randomness, and its end. */
import type { Clock } from '../../../lib/schedule/clock.ts';
import type { SeededRandom } from './random.ts';
import type { World } from './world.ts';

export class SimulatedProcess {
  readonly name: string;
  readonly world: World;
  readonly random: SeededRandom;
  readonly clock: Clock;
  /** The difference of its wall clock from the true time, in milliseconds. Positive: the clock is fast. */
  wallOffsetMs = 0;
  #state: 'running' | 'stopped' | 'dead' = 'running';
  #held: (() => void)[] = [];
  /** The number of timers and responses that the process waits for. */
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

  /** Has the effect of SIGKILL: the process never continues. */
  kill(): void {
    this.#state = 'dead';
    this.#held = [];
  }

  /** Has the effect of SIGSTOP: the process does nothing until `resume`, while time continues. */
  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  /** Has the effect of SIGCONT. */
  resume(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    for (const run of this.#held.splice(0)) this.world.after(0, () => this.#happen(run));
  }

  /** Runs the function in the process after this time. @returns a function that cancels it */
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
