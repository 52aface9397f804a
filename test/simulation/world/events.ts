/** A queue of events, sorted by time. Events with the same time keep their order. */

export interface SimulatedEvent {
  /** Milliseconds since the world began. */
  readonly at: number;
  readonly run: () => void;
  isCanceled: boolean;
}

type Queued = SimulatedEvent & { readonly number: number };

/** Implemented as a binary heap. */
export class EventQueue {
  readonly #heap: Queued[] = [];
  #count = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(at: number, run: () => void): SimulatedEvent {
    const event = { at, run, isCanceled: false, number: this.#count };
    this.#count += 1;
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return event;
  }

  /** The time of the first event; undefined if there is none. */
  nextAt(): number | undefined {
    while (this.#heap[0]?.isCanceled === true) this.#removeFirst();
    return this.#heap[0]?.at;
  }

  take(): SimulatedEvent | undefined {
    return this.nextAt() === undefined ? undefined : this.#removeFirst();
  }

  #removeFirst(): SimulatedEvent | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #rise(from: number): void {
    for (let place = from; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #sink(): void {
    for (let place = 0; ; ) {
      const left = 2 * place + 1;
      const smaller = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(smaller, place)) return;
      this.#swap(place, smaller);
      place = smaller;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return false;
    return a.at === b.at ? a.number < b.number : a.at < b.at;
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}
