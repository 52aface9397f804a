/** Random choices that depend only on the seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to but not including 1. The generator is mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(all: readonly [T, ...T[]]): T {
    return all[this.below(all.length)] ?? all[0];
  }

  /** Picks one value. Its probability is proportional to its weight. */
  weighted<T>(all: readonly [readonly [number, T], ...(readonly [number, T])[]]): T {
    const sum = all.reduce((total, [weight]) => total + weight, 0);
    let left = this.next() * sum;
    for (const [weight, each] of all) {
      left -= weight;
      if (left < 0) return each;
    }
    return all[0][1];
  }

  /** Includes each value with this probability. */
  some<T>(all: readonly T[], probability: number): T[] {
    return all.filter(() => this.chance(probability));
  }
}
