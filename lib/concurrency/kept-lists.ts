import { type OncePer, oncePer } from './once-per.ts';

/**
 * A cache that reads each list once, up to a maximum number of items in all lists. Beyond this
 * maximum, it drops the oldest lists, and reads them again if they are needed.
 */
export class KeptLists<V> {
  readonly #lists: OncePer<string, V>;
  readonly #room: number;
  /** The number of items in each list in memory, the oldest list first. */
  readonly #kept = new Map<string, number>();
  #total = 0;

  /**
   * @param room the maximum number of items in memory
   * @param size the number of items of a list
   */
  constructor(room: number, read: (key: string) => Promise<V>, size: (list: V) => number) {
    this.#room = room;
    this.#lists = oncePer(async (key) => {
      const list = await read(key);
      this.#keep(key, size(list));
      return list;
    });
  }

  of(key: string): Promise<V> {
    return this.#lists(key);
  }

  #keep(key: string, count: number): void {
    this.#kept.set(key, count);
    this.#total += count;
    for (const [oldest, its] of this.#kept) {
      if (this.#total <= this.#room) return;
      this.#kept.delete(oldest);
      this.#total -= its;
      this.#lists.forget(oldest);
    }
  }
}
