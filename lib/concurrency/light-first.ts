/**
 * A heavy workload waits for at most this many light workloads per namespace, because a tenant with
 * thousands of workloads must not block other tenants.
 */
const firstOfEach = 10;

/**
 * Handles light workloads before heavy workloads. If a workload turns out to be heavy, it waits
 * until every other started workload is heavy too or has ended. So a small change does not wait for
 * large records and sources of other tenants.
 *
 * Only the first ten workloads of a namespace count as light, so the wait ends even if a tenant has
 * many workloads. A heavy workload does not wait for heavy workloads or for workloads that have not
 * started, because these may need the place of the waiting workload.
 */
export class LightFirst {
  readonly #begun = new Map<string, number>();
  #light = 0;
  #whenNone: (() => void)[] = [];

  /**
   * Starts a workload. It counts as light if it is among the first of its namespace. The caller
   * must call `end`.
   */
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
  /** Makes the workload heavy permanently, and waits until no started workload is light. */
  readonly afterLight: () => Promise<void>;
  readonly end: () => void;
}

/** The turn of a workload that never waits. */
export const ahead: Turn = { afterLight: async () => {}, end: () => {} };
