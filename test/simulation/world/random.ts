import { mulberry32 } from '../../mulberry32.ts';

/** Random numbers from a seed. The same seed gives the same numbers on every machine. */
export class SeededRandom {
  /** A number from 0 up to but not including 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = mulberry32(seed);
  }

  /** A whole number from 0 up to but not including `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** A whole number between these bounds, including both. */
  within(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  isOneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  of<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)];
    if (chosen === undefined) throw new Error('there is nothing to choose from');
    return chosen;
  }

  /** Picks one choice. Its probability is proportional to its weight. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    const sum = choices.reduce((all, [weight]) => all + weight, 0);
    let left = this.next() * sum;
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    throw new Error('there is nothing to choose from');
  }

  /** A separate generator. Calls of it do not change the numbers of this generator. */
  fork(): SeededRandom {
    return new SeededRandom(this.below(2 ** 32));
  }
}
