/**
 * Which rollouts may start now: as many at once as the settings allow, in the order of `/rollout-order`. Pure.
 *
 * A pass collects for it:
 * - a `Member` for each workload that is opted in, while it reads the lists: its order, and the rollout that we
 *   started and that is unfinished (`underWayOf`). Both are in the listed object, so nothing more is read, and most
 *   workloads have neither. A sketch gets them when it is read whole.
 * - a `Candidate` for each workload whose hash is to be written and that no other rule holds.
 * - a `LeftAlone` for each other workload with a change, or that could not be handled, if orders differ in its
 *   namespace.
 *
 * No candidate starts before the pass has decided about all workloads of the namespace, or of the whole pass if
 * `rollouts.maxConcurrent` is set. Its decision need not be kept until then: few candidates start, and the pass
 * decides about these again, so that they start with what is current. Without limits and orders each candidate
 * starts at once, and nothing is collected.
 *
 * After the starts the queue is asked again, until no candidate starts: with those that were written as under way
 * (`startedNow`), and those that could not be written as left alone, so that they block no others. As long as
 * `rollouts.waitSeconds` lasts, the pass reads the workloads under way again and asks once more.
 */

import { Order } from './order.ts';
import { Places } from './places.ts';
import type { Candidate, QueueState, Wait } from './queue-state.ts';

export interface Start {
  readonly candidate: Candidate;
  /** Names the workloads of a lower order that it did not wait for; a clause. */
  readonly note?: string;
}

export interface QueueAnswer {
  /** In the order in which they are to start. */
  readonly starts: readonly Start[];
  /** The others. */
  readonly waiting: ReadonlyMap<Candidate, Wait>;
  /** The `after` of the next state, also in the next pass. */
  readonly after: string | undefined;
}

/** Asks the queue. The same state gives the same answer. */
export function askQueue(state: QueueState): QueueAnswer {
  const waiting = new Map<Candidate, Wait>();
  const order = new Order(state);
  const free: Candidate[] = [];
  for (const candidate of state.candidates) {
    const wait = order.whyBlocked(candidate);
    if (wait === undefined) free.push(candidate);
    else waiting.set(candidate, wait);
  }
  const places = new Places(state);
  const { granted, after } = places.grant(free);
  for (const candidate of free) {
    if (!granted.has(candidate)) waiting.set(candidate, places.whyFull(candidate));
  }
  const starts = [...granted].map((candidate) => ({ candidate, ...order.noteOf(candidate) }));
  return { starts, waiting, after };
}
