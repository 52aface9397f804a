import type { FairLimit } from '../lib/concurrency/fair-limit.ts';
import type { Cluster, WriteCall } from '../lib/kubernetes/cluster.ts';
import type { AnnotationKeys } from '../lib/rules/annotations.ts';
import type { Clock } from '../lib/schedule/clock.ts';
import type { Gate } from './gate.ts';

/** The dependencies of everything that reads: a pass, a release or an explanation. */
export interface ReadContext {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly annotationKeys: AnnotationKeys;
  /** Limits the reads in progress. */
  readonly reads: FairLimit;
  /**
   * Aborted when the work must stop. Then reads and waits end at once, and writes in progress are
   * not retried.
   */
  readonly signal: AbortSignal;
}

/** The dependencies of a pass or a release, which also write. */
export interface PassContext extends ReadContext {
  /** Limits the writes in progress. */
  readonly writes: FairLimit;
  readonly gate: Gate;
}

/**
 * Waits for the turn of a write, and then sends the write if this is still allowed.
 *
 * @param send sends the write. It gets the check to call before each attempt, and the signal that
 * ends retries
 * @throws what `assertMayWrite` and `send` throw
 */
export function sendWrite<T>(
  { writes, gate, signal }: PassContext,
  namespace: string,
  send: (call: WriteCall) => Promise<T>,
  assertMayWrite = gate.assertMayWrite,
): Promise<T> {
  return writes.run(namespace, () => {
    assertMayWrite();
    return send({ assertMayWrite, stopRetrying: signal });
  });
}
