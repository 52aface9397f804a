/**
 * Decides which rollouts may start now: at most as many as the settings allow, in the order of
 * `/rollout-order`. Pure.
 *
 * A pass collects the state of the queue:
 *
 * - A `Member` for each workload that opted in, with its order and its unfinished rollout
 *   (`underWayOf`). Both come from the list, so no further request is needed. If the list contains
 *   only a sketch of a workload, its order and rollout become known when the workload is read.
 * - A `Candidate` for each workload whose hash the pass wants to write and that no other rule
 *   holds.
 * - A `LeftAlone` for each other workload that has a change or cannot be handled, if orders differ
 *   in its namespace.
 *
 * A pass asks the queue after it has decided about all workloads. If half of its time is over
 * before that, it asks about the namespaces that are complete by then. The pass decides again about
 * the workloads that may start, so that they start with the current configuration. So the pass need
 * not keep their sources.
 *
 * Then the pass asks again until no candidate may start. The workloads that it has started are now
 * under way (`startedNow`). Workloads that could not be written are `LeftAlone`, so that they do
 * not block other workloads. Until `rollouts.waitSeconds` are over, the pass repeatedly reads the
 * workloads under way and asks again.
 *
 * Without limits and orders, each candidate starts at once, and the queue is not asked.
 */

import { Order } from './order.ts';
import { Places } from './places.ts';
import type { Candidate, QueueState, Wait } from './queue-state.ts';

export interface Start {
  readonly candidate: Candidate;
  /** A clause that names the workloads of a lower order for which the candidate does not wait. */
  readonly note?: string;
}

export interface QueueAnswer {
  /** The candidates that may start, in the order in which they start. */
  readonly starts: readonly Start[];
  /** The other candidates, each with the reason why it waits. */
  readonly waiting: ReadonlyMap<Candidate, Wait>;
  /** The field `after` of the next state. */
  readonly after: string | undefined;
}

/** Asks the queue. The answer depends only on the state. */
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
