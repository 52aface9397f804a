import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { AnnotationNames } from '../../lib/rules/annotations.ts';
import type { Workload } from '../../lib/rules/workload.ts';

/**
 * Counts on the workload that references were put back which somebody had removed. It is written after
 * them, so that what could not be put back does not count. If it cannot be written, the next pass
 * counts from where this one did.
 *
 * @throws what `beforeWrite` throws, and the reason of `lastTry`
 */
export async function notePutBack(
  workload: Workload,
  {
    cluster,
    names,
    writes,
    beforeWrite,
    lastTry,
  }: {
    readonly cluster: Cluster;
    readonly names: AnnotationNames;
    readonly writes: FairLimit;
    readonly beforeWrite: () => void;
    readonly lastTry: AbortSignal;
  },
): Promise<void> {
  const times = Math.min(workload.ownership.putBack + 1, 9);
  const annotations = { [names.putBack]: String(times) };
  try {
    await writes.run(workload.namespace, () => {
      beforeWrite();
      const patch = { metadata: { uid: workload.uid, annotations } };
      return cluster.patchWorkload(workload, patch, { beforeTry: beforeWrite, lastTry });
    });
  } catch (error) {
    lastTry.throwIfAborted();
    if (!(error instanceof WaveCronError)) throw error;
  }
}
