import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { AnnotationKeys } from '../../lib/rules/annotations.ts';
import type { Workload } from '../../lib/rules/workload.ts';

/**
 * Records on the workload that removed references were put back. It is written after them, so that
 * a failure to put them back does not count. If it cannot be written, the next pass continues from
 * the old count.
 *
 * @throws what `assertMayWrite` throws, and the reason of `stopRetrying`
 */
export async function notePutBack(
  workload: Workload,
  {
    cluster,
    annotationKeys,
    writes,
    assertMayWrite,
    stopRetrying,
  }: {
    readonly cluster: Cluster;
    readonly annotationKeys: AnnotationKeys;
    readonly writes: FairLimit;
    readonly assertMayWrite: () => void;
    readonly stopRetrying: AbortSignal;
  },
): Promise<void> {
  const times = Math.min(workload.ownership.putBack + 1, 9);
  const annotations = { [annotationKeys.putBack]: String(times) };
  try {
    await writes.run(workload.namespace, () => {
      assertMayWrite();
      const patch = { metadata: { uid: workload.uid, annotations } };
      return cluster.patchWorkload(workload, patch, {
        assertMayWrite,
        stopRetrying,
      });
    });
  } catch (error) {
    stopRetrying.throwIfAborted();
    if (!(error instanceof WaveCronError)) throw error;
  }
}
