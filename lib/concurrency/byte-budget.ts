/**
 * Bytes that may be in memory at once, shared among groups: no group gets more than would then be
 * left free. One group alone gets half of them, n groups get one part in n + 1 each, and there is
 * always something left for the next.
 */
export class ByteBudget {
  readonly #taken = new Map<string, number>();
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** Whether the group got the bytes; it has to give them back. */
  take(group: string, bytes: number): boolean {
    const taken = (this.#taken.get(group) ?? 0) + bytes;
    if (taken > this.#free - bytes) return false;
    this.#taken.set(group, taken);
    this.#free -= bytes;
    return true;
  }

  give(group: string, bytes: number): void {
    const taken = (this.#taken.get(group) ?? 0) - bytes;
    if (taken > 0) this.#taken.set(group, taken);
    else this.#taken.delete(group);
    this.#free += bytes;
  }
}
