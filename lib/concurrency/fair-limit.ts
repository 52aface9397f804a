/** Runs a task when its turn comes, like p-limit's function. */
export type Limit = <T>(task: () => Promise<T> | T) => Promise<T>;

interface Group {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Limits how many tasks run at once, and shares the limit among groups: each free place goes to the
 * next group in turn that has a waiting task. p-limit has a single queue. In it, a group with ten
 * thousand tasks would block all other groups.
 *
 * With `leaveRoom`, a group never holds more places than remain free. So a single group gets half
 * of the places, and each of n groups gets one part in n + 1. A new group finds a free place at
 * once, even if the tasks of all other groups take long.
 */
export class FairLimit {
  readonly #groups = new Map<string, Group>();
  /** Names of the groups with waiting tasks, in the order of their turns. */
  readonly #turns = new Set<string>();
  readonly #leaveRoom: boolean;
  #free: number;

  constructor(places: number, { leaveRoom = false } = {}) {
    this.#free = places;
    this.#leaveRoom = leaveRoom;
  }

  /** The limit for one group. */
  of(group: string): Limit {
    return (task) => this.run(group, task);
  }

  async run<T>(name: string, task: () => Promise<T> | T): Promise<T> {
    const group = this.#groups.get(name) ?? { running: 0, waiting: [] };
    this.#groups.set(name, group);
    if (group.waiting.length > 0 || !this.#mayRun(group)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      group.waiting.push(resolve);
      this.#turns.add(name);
      await promise;
    } else {
      this.#begin(group);
    }
    try {
      return await task();
    } finally {
      this.#end(name, group);
    }
  }

  #mayRun({ running }: Group): boolean {
    if (this.#free === 0) return false;
    return !this.#leaveRoom || running === 0 || running < this.#free;
  }

  #begin(group: Group): void {
    group.running += 1;
    this.#free -= 1;
  }

  #end(name: string, ended: Group): void {
    ended.running -= 1;
    this.#free += 1;
    if (ended.running === 0 && ended.waiting.length === 0) this.#groups.delete(name);
    for (const next of this.#turns) {
      if (this.#free === 0) return;
      const group = this.#groups.get(next);
      const resume = group !== undefined && this.#mayRun(group) && group.waiting.shift();
      if (!group || !resume) continue;
      // Moves the group to the end of the queue, so that the other groups come first.
      this.#turns.delete(next);
      if (group.waiting.length > 0) this.#turns.add(next);
      this.#begin(group);
      resume();
    }
  }
}
