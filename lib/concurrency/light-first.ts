/** Lights of one namespace that are waited for. Whoever has thousands of workloads must not hold up others. */
const firstOfEach = 10;

/**
 * Lets workloads that take little go before those that take much: one that turns out to be heavy waits
 * until none that was begun is light. So nobody's small change waits for large records and large sources
 * of others, whose time goes by while nothing else is left to do.
 *
 * Of each namespace the first ten count as light and no more, so that the wait ends however many
 * workloads one tenant has. Only what was begun is waited for, and never what is heavy itself: whoever
 * waits holds a place, and what is not begun may need one.
 */
export class LightFirst {
  readonly #begun = new Map<string, number>();
  #light = 0;
  #whenNone: (() => void)[] = [];

  /** Begins a workload, which counts as light. Its `end` has to be called. */
  begin(namespace: string): Turn {
    const number = (this.#begun.get(namespace) ?? 0) + 1;
    this.#begun.set(namespace, number);
    let isLight = number <= firstOfEach;
    if (isLight) this.#light += 1;
    const leave = (): void => {
      if (!isLight) return;
      isLight = false;
      this.#light -= 1;
      if (this.#light > 0) return;
      for (const resolve of this.#whenNone.splice(0)) resolve();
    };
    return {
      afterLight: async () => {
        leave();
        while (this.#light > 0) {
          const { promise, resolve } = Promise.withResolvers<void>();
          this.#whenNone.push(resolve);
          await promise;
        }
      },
      end: leave,
    };
  }
}

export interface Turn {
  /** Makes the workload heavy for good, and waits until none that was begun is light. */
  readonly afterLight: () => Promise<void>;
  readonly end: () => void;
}

/** One that waits for nobody, however heavy it is. */
export const ahead: Turn = { afterLight: async () => {}, end: () => {} };
