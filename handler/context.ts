import type { FairLimit } from '../lib/concurrency/fair-limit.ts';
import type { Cluster, WriteCall } from '../lib/kubernetes/cluster.ts';
import type { AnnotationKeys } from '../lib/rules/annotations.ts';
import type { Clock } from '../lib/schedule/clock.ts';
import type { Gate } from './gate.ts';

/** What a pass, a release, or an explanation reads with. */
export interface ReadContext {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly annotationKeys: AnnotationKeys;
  /** Limits how many reads are under way. */
  readonly reads: FairLimit;
  /** Aborted once the gate is closed: ends what reads or waits, and makes writes under way the last. */
  readonly signal: AbortSignal;
}

/** What a pass or a release works with. */
export interface PassContext extends ReadContext {
  /** Limits how many writes are under way. */
  readonly writes: FairLimit;
  readonly gate: Gate;
}

/**
 * Sends a write when its turn comes, if the gate is still open then.
 *
 * @param send gets what the write has to heed
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
