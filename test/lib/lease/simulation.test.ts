import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaveCronError } from '../../../lib/errors.ts';
import { acquire } from '../../../lib/lease/acquire.ts';
import type { LeaseEvent } from '../../../lib/lease/event.ts';
import type { Hold } from '../../../lib/lease/hold.ts';
import { type FakeClock, FakeTime } from '../fake-clock.ts';
import { FakeLease, type Network } from './fake-lease.ts';

// One seed is one world, so a seed that a failure prints is the whole report:
// `WAVE_CRON_SEED=17 node --test test/lib/lease/simulation.test.ts` runs that one alone.
const onlySeed = process.env['WAVE_CRON_SEED'];

const durationSeconds = 15;

test('however slow, stopped, cut off and killed they are, no two processes hold the lease at one instant', async () => {
  const told = new Map<string, number>();
  for (const seed of seeds(1, 150)) {
    const world = new World(seed, { trouble: true, processes: 4 });
    await world.run(400_000);
    for (const [kind, count] of world.told) told.set(kind, (told.get(kind) ?? 0) + count);
  }
  if (onlySeed !== undefined) return;
  // A world in which nothing goes wrong shows nothing.
  for (const kind of ['acquired', 'tookOver', 'heldByOther', 'renewalFailed', 'lost', 'released']) {
    assert.ok((told.get(kind) ?? 0) > 100, `${kind}: only ${told.get(kind)} in all worlds`);
  }
});

test('after a holder is killed, another holds within the duration plus 5 s', async () => {
  for (const seed of seeds(1, 60)) {
    const world = new World(seed, { trouble: false, processes: 3 });
    await world.run(30_000);
    for (let kill = 0; kill < 5; kill += 1) {
      await world.runUntilHeld();
      await world.run(world.upTo(20_000));
      await world.runUntilHeld();
      world.killHolder();
      const killedAt = world.time.now;
      const took = (await world.runUntilHeld()) - killedAt;
      assert.ok(
        took <= durationSeconds * 1000 + 5_000,
        `seed ${seed}: ${took} ms without a holder`,
      );
    }
  }
});

/** Processes that want the lease again and again, and the server between them. */
class World {
  readonly time = new FakeTime();
  readonly told = new Map<string, number>();
  readonly #lease = new FakeLease();
  readonly #seed: number;
  readonly #random: () => number;
  readonly #trouble: boolean;
  #processes: Process[] = [];

  constructor(seed: number, { trouble, processes }: { trouble: boolean; processes: number }) {
    this.#seed = seed;
    this.#random = randomFrom(seed);
    this.#trouble = trouble;
    for (let i = 0; i < processes; i += 1) this.#start();
  }

  async run(ms: number): Promise<void> {
    await this.time.advance(ms, () => this.#check());
  }

  /** @returns true time at which somebody holds; now, where somebody does */
  async runUntilHeld(): Promise<number> {
    const limit = this.time.now + 100_000;
    while (this.#holders().length === 0) {
      assert.ok(this.time.now < limit, `seed ${this.#seed}: nobody gets the lease`);
      await this.run(50);
    }
    return this.time.now;
  }

  killHolder(): void {
    const [holder] = this.#holders();
    assert.ok(holder !== undefined);
    this.#kill(holder);
  }

  upTo(ms: number): number {
    return Math.floor(this.#random() * ms);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  /** Those that would write now, if they got to run. */
  #holders(): Process[] {
    return this.#processes.filter(({ clock, hold }) => !clock.isStopped && hold?.isOurs() === true);
  }

  #check(): void {
    const holders = this.#holders();
    assert.ok(
      holders.length <= 1,
      `seed ${this.#seed}, ${this.time.now} ms: ${holders.map(({ name }) => name).join(' and ')} both hold the lease`,
    );
  }

  #start(): void {
    const rate = 0.95 + this.#random() * 0.1;
    const wallTime = new Date(Date.UTC(2026, 0, 1) + (this.#random() - 0.5) * 7_200_000);
    const name = `process-${this.#processes.length + 1}`;
    const process: Process = {
      name,
      clock: this.time.clock({ rate, wallTime }),
      cutOffUntil: 0,
      hold: undefined,
    };
    this.#processes.push(process);
    void this.#live(process);
    if (this.#trouble) void this.#molest(process);
  }

  /** A killed process never runs again, and somebody starts another in its place. */
  #kill(process: Process): void {
    process.clock.stopUntil(Number.POSITIVE_INFINITY);
    this.#start();
  }

  /** Cuts a process off or stops it for a while now and then, and kills it in the end. */
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
    const { clock, name } = process;
    const lock = this.#lease.lock(this.#networkOf(process));
    for (;;) {
      await clock.sleep(this.upTo(this.#trouble ? 5_000 : 1_000));
      try {
        const acquired = await acquire({
          lock,
          name: { podName: name, podUid: undefined, hostName: 'host' },
          durationSeconds,
          clock,
          random: this.#random,
          on: (event) => this.#tell(event),
        });
        if (acquired.kind === 'held') await this.#work(process, acquired.hold);
      } catch (error) {
        if (!(error instanceof WaveCronError && error.canRetry)) throw error;
      }
    }
  }

  async #work(process: Process, hold: Hold): Promise<void> {
    process.hold = hold;
    this.#check();
    const end = process.clock.now() + this.upTo(60_000);
    while (process.clock.now() < end && hold.isOurs()) await process.clock.sleep(this.upTo(2_000));
    await hold.release();
    process.hold = undefined;
  }

  #tell({ kind }: LeaseEvent): void {
    this.told.set(kind, (this.told.get(kind) ?? 0) + 1);
  }

  /** Requests and answers take their time and may get lost; a stopped process reads no answer. */
  #networkOf(process: Process): Network {
    const { clock } = process;
    const isLost = () =>
      this.#trouble && (this.time.now < process.cutOffUntil || this.#chance(0.05));
    return async (_verb, effect) => {
      // The worst moment to be stopped: the request is sent, and its sender does not know more.
      if (this.#trouble && this.#chance(0.03)) clock.stopUntil(this.time.now + this.#while());
      // What was sent arrives, even if its sender is stopped or killed meanwhile.
      await this.time.at(this.time.now + this.#delay());
      const answer = isLost() ? undefined : effect();
      // From now on the others see the effect, while this process does not know of it yet.
      await clock.awakeAt(this.time.now + this.#delay());
      if (answer === undefined || isLost()) throw lostOnTheWay();
      return answer;
    };
  }

  #delay(): number {
    return 1 + this.upTo(this.#trouble && this.#chance(0.1) ? 12_000 : 100);
  }
}

interface Process {
  readonly name: string;
  readonly clock: FakeClock;
  /** True time until which nothing goes between this process and the server. */
  cutOffUntil: number;
  hold: Hold | undefined;
}

function lostOnTheWay(): WaveCronError {
  return new WaveCronError('the connection was reset', { canRetry: true });
}

function seeds(first: number, last: number): number[] {
  if (onlySeed !== undefined) return [Number(onlySeed)];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
