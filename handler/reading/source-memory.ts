import { ByteBudget } from '../../lib/concurrency/byte-budget.ts';
import { largestAnswer } from '../../lib/http/exchange.ts';

/**
 * Maximum bytes of responses in memory. A source takes about 1.5 times the memory of its response.
 */
const keptBytes = 16 * 1024 * 1024;
/**
 * The number of bytes to reserve for a source before its size is known, and for each further part
 * of the source.
 */
const firstBytes = 16 * 1024;
const moreBytes = 64 * 1024;
/** Bytes of a source that are not counted while the source is read and hashed in its turn. */
const freeBytes = 64 * 1024;

/** Limits the memory for the sources of a pass. */
export interface Memory {
  /**
   * Memory for a source that is read ahead of its turn; undefined if the namespace has no memory
   * left.
   */
  ahead(namespace: string): Admission | undefined;
  /** Memory for a source whose turn has come. Some memory is always available for such a source. */
  now(namespace: string): Admission;
  /**
   * Memory for a source of any size that is hashed immediately and not kept. The caller must limit
   * how many of these sources are read at the same time.
   */
  large(): Admission;
}

/** @param bytes maximum bytes of responses in memory */
export function sourceMemory(bytes = keptBytes): Memory {
  const budget = new ByteBudget(bytes);
  return {
    ahead(namespace) {
      const admission = new Admission(budget, namespace, 0);
      return admission.admits(firstBytes) ? admission : undefined;
    },
    now: (namespace) => new Admission(budget, namespace, freeBytes),
    large: () => new Admission(budget, '', largestAnswer),
  };
}

/** While a response arrives, decides whether there is memory for the response. */
export class Admission {
  readonly #budget: ByteBudget;
  readonly #namespace: string;
  readonly #free: number;
  #taken = 0;
  #bytes = 0;

  /** @param free the number of bytes that are not counted */
  constructor(budget: ByteBudget, namespace: string, free: number) {
    this.#budget = budget;
    this.#namespace = namespace;
    this.#free = free;
  }

  /** Bytes of the response so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A bound function, because it is passed as a callback. */
  readonly admits = (bytes: number): boolean => {
    this.#bytes = bytes;
    return bytes <= largestAnswer && this.#takeUpTo(bytes - this.#free);
  };

  /**
   * Whether the complete response may be kept. If so, exactly the bytes of the response stay
   * counted.
   */
  keep(): boolean {
    if (!this.#takeUpTo(this.#bytes)) return false;
    const more = this.#taken - this.#bytes;
    this.#budget.give(this.#namespace, more);
    this.#taken -= more;
    return true;
  }

  giveBack(): void {
    if (this.#taken > 0) this.#budget.give(this.#namespace, this.#taken);
    this.#taken = 0;
  }

  #takeUpTo(bytes: number): boolean {
    while (this.#taken < bytes) {
      const more = Math.max(moreBytes, bytes - this.#taken);
      if (!this.#budget.take(this.#namespace, more)) return false;
      this.#taken += more;
    }
    return true;
  }
}
