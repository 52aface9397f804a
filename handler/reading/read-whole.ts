import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import { AnswerTooLargeError, isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { noOwnershipChanges } from '../../lib/rules/ownership/changes.ts';
import type { Reason } from '../../lib/rules/reason.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { type Applied, workloadTooLarge } from '../pass/apply.ts';

export interface ReadWholeDeps {
  readonly cluster: Cluster;
  readonly reads: FairLimit;
  readonly signal: AbortSignal;
  readonly keep: (object: WorkloadObject) => Workload | undefined;
}

/**
 * Reads a workload of which only a sketch was kept.
 *
 * @returns the workload, or its outcome if it cannot be handled
 * @throws if the pass is interrupted
 */
export async function readWhole(
  workload: Workload,
  { cluster, reads, signal, keep }: ReadWholeDeps,
): Promise<Workload | Applied> {
  const left = (reason: Reason, sentence: string): Applied => ({
    workload,
    decision: { reason, sentence, changed: [], hashAnnotations: undefined },
    written: false,
    ownership: noOwnershipChanges,
  });
  try {
    const read = () => cluster.getWorkload(workload, signal);
    const object = await reads.run(workload.namespace, read);
    return keep(object) ?? left('OptedOut', 'it was opted out during the pass');
  } catch (error) {
    signal.throwIfAborted();
    if (isAbsent(error, workload.name)) return left('Deleting', 'it was deleted during the pass');
    if (error instanceof AnswerTooLargeError) return left('TooLarge', workloadTooLarge);
    if (!(error instanceof WaveCronError)) throw error;
    return left('Failed', `it could not be read: ${error.message}`);
  }
}
