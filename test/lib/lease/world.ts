import assert from 'node:assert/strict';
import { WaveCronError } from '../../../lib/errors.ts';
import type { LeaseEvent } from '../../../lib/lease/event.ts';
import type { LeaseHandle } from '../../../lib/lease/handle.ts';
import { mulberry32 } from '../../mulberry32.ts';
import { type FakeClock, FakeTime } from '../schedule/fake-clock.ts';
import type { Network } from './fake-lease.ts';

// A world follows from its seed, so the seed in a failure is enough to repeat it:
// `WAVE_CRON_SEED=17 node --test test/lib/lease/simulation.test.ts` runs only this world.
export const onlySeed = process.env['WAVE_CRON_SEED'];

export const durationSeconds = 15;
export const maxHonoredSeconds = 150;

export interface Process {
  /** Such as `process-1`, in the order in which processes start. */
  readonly name: string;
  readonly number: number;
  readonly clock: FakeClock;
  /** The true time until which no request or response passes between this process and the server. */
  cutOffUntil: number;
  /** The lease, while the process works. */
  held: Pick<LeaseHandle, 'isHeld'> | undefined;
}

export interface WorldOptions {
  /** Whether processes are slow, stopped, cut off and killed. */
  readonly faults: boolean;
  readonly processes: number;
  /** One attempt of a process. It calls `world.work` if it gets the lease. */
  readonly attempt: (world: World, process: Process) => Promise<void>;
  /** Whether all these processes may hold their leases at the same time. */
  readonly mayHold: (holders: readonly Process[]) => boolean;
}

/** Processes that try to get leases again and again, and the network between them and a server. */
export class World {
  readonly time = new FakeTime();
  readonly told = new Map<string, number>();
  readonly #seed: number;
  readonly random: () => number;
  readonly #options: WorldOptions;
  #processes: Process[] = [];

  constructor(seed: number, options: WorldOptions) {
    this.#seed = seed;
    this.random = mulberry32(seed);
    this.#options = options;
    for (let i = 0; i < options.processes; i += 1) this.#start();
  }

  async run(ms: number): Promise<void> {
    await this.time.advance(ms, () => this.#check());
  }

  /** Runs until a process for which `fits` is true holds a lease. Returns the true time. */
  async runUntilHeld(fits: (process: Process) => boolean = () => true): Promise<number> {
    const limit = this.time.now + 100_000;
    while (!this.holders().some(fits)) {
      assert.ok(this.time.now < limit, `seed ${this.#seed}: nobody gets the lease`);
      await this.run(50);
    }
    return this.time.now;
  }

  killHolder(): void {
    const [holder] = this.holders();
    assert.ok(holder !== undefined);
    this.#kill(holder);
  }

  upTo(ms: number): number {
    return Math.floor(this.random() * ms);
  }

  #chance(share: number): boolean {
    return this.random() < share;
  }

  /** The processes that believe that they hold a lease, and could write now. */
  holders(): Process[] {
    return this.#processes.filter(({ clock, held }) => !clock.isStopped && held?.isHeld() === true);
  }

  #check(): void {
    const holders = this.holders();
    assert.ok(
      this.#options.mayHold(holders),
      `seed ${this.#seed}, ${this.time.now} ms: ${holders.map(({ name }) => name).join(' and ')} hold`,
    );
  }

  #start(): void {
    const rate = 0.95 + this.random() * 0.1;
    const wallTime = new Date(Date.UTC(2026, 0, 1) + (this.random() - 0.5) * 7_200_000);
    const number = this.#processes.length + 1;
    const process: Process = {
      name: `process-${number}`,
      number,
      clock: this.time.clock({ rate, wallTime }),
      cutOffUntil: 0,
      held: undefined,
    };
    this.#processes.push(process);
    void this.#live(process);
    if (this.#options.faults) void this.#molest(process);
  }

  /** A killed process never runs again. Another one starts in its place. */
  #kill(process: Process): void {
    process.clock.stopUntil(Number.POSITIVE_INFINITY);
    this.#start();
  }

  /** Stops a process or cuts it off now and then, and finally kills it. */
  async #molest(process: Process): Promise<void> {
    for (;;) {
      await this.time.at(this.time.now + this.upTo(60_000));
      if (this.#chance(0.1)) return this.#kill(process);
      if (this.#chance(0.5)) process.clock.stopUntil(this.time.now + this.#while());
      else process.cutOffUntil = this.time.now + this.#while();
    }
  }

  #while(): number {
    return this.upTo(2.5 * durationSeconds * 1000);
  }

  async #live(process: Process): Promise<void> {
    const { attempt, faults } = this.#options;
    for (;;) {
      await process.clock.sleep(this.upTo(faults ? 5_000 : 1_000));
      try {
        await attempt(this, process);
      } catch (error) {
        if (!(error instanceof WaveCronError && error.canRetry)) throw error;
      }
    }
  }

  /** Works for up to a minute, or until the lease is lost. */
  async work(process: Process, held: Pick<LeaseHandle, 'isHeld'>): Promise<void> {
    process.held = held;
    this.#check();
    const end = process.clock.now() + this.upTo(60_000);
    while (process.clock.now() < end && held.isHeld()) await process.clock.sleep(this.upTo(2_000));
  }

  readonly tell = ({ kind }: LeaseEvent): void => {
    this.told.set(kind, (this.told.get(kind) ?? 0) + 1);
  };

  /** A network with delays, which may lose requests and responses. A stopped process reads no response. */
  networkOf(process: Process): Network {
    const { clock } = process;
    const isLost = () =>
      this.#options.faults && (this.time.now < process.cutOffUntil || this.#chance(0.05));
    return async (_verb, effect) => {
      // This is the worst moment to stop a process: it has sent a request, and does not know the result.
      if (this.#options.faults && this.#chance(0.03))
        clock.stopUntil(this.time.now + this.#while());
      // The request arrives even if its sender is stopped or killed in between.
      await this.time.at(this.time.now + this.#delay());
      const answer = isLost() ? undefined : effect();
      // From now on, other processes see the effect, but this process does not know it yet.
      await clock.awakeAt(this.time.now + this.#delay());
      if (answer === undefined || isLost()) throw lostOnTheWay();
      return answer;
    };
  }

  #delay(): number {
    return 1 + this.upTo(this.#options.faults && this.#chance(0.1) ? 12_000 : 100);
  }
}

function lostOnTheWay(): WaveCronError {
  return new WaveCronError('the connection was reset', { canRetry: true });
}

export function seeds(first: number, last: number): number[] {
  if (onlySeed !== undefined) return [Number(onlySeed)];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
