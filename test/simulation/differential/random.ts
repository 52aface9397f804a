import { mulberry32 } from '../../mulberry32.ts';

/** Random choices that depend only on the seed. */
export class Random {
  /** A number from 0 up to but not including 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = mulberry32(seed);
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
