/**
 * Shares a limit of bytes in memory among groups. A group may take bytes only if, afterward, at least as many
 * bytes are free as the group holds. So a single group gets half of the bytes, and each of n groups gets one
 * part in n + 1. Some bytes are always free for another group.
 */
export class ByteBudget {
  readonly #taken = new Map<string, number>();
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** Whether the group got the bytes. If so, the caller must give them back. */
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
