import { expectedError } from '../../lib/errors.ts';
import { AnswerTooLargeError, isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import type { Said } from '../../lib/rules/reason.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { ReadContext } from '../context.ts';
import type { KeepRead } from './workload-list.ts';

/** The outcome of a workload that is larger than the limit of a response. */
export const workloadTooLarge: Said = {
  reason: 'TooLarge',
  sentence:
    'the workload itself is larger than a response may be, so it is not read: reduce its environment, its annotations and its other fields',
};

export const deletedMeanwhile: Said = {
  reason: 'Deleting',
  sentence: 'it was deleted during the pass',
};

const optedOutMeanwhile: Said = {
  reason: 'OptedOut',
  sentence: 'it was opted out during the pass',
};

/**
 * Reads a workload by its name. Undefined if the workload is gone or not opted in.
 *
 * @param keep reduces the object; undefined if the workload is not opted in
 * @throws WaveCronError if the workload cannot be read; the reason of the signal
 */
export async function readByName(
  name: WorkloadName,
  keep: KeepRead,
  { cluster, reads, signal }: ReadContext,
): Promise<Workload | undefined> {
  try {
    const get = () => cluster.getWorkload(name, signal);
    return await keep(name.kind, await reads.run(name.namespace, get));
  } catch (error) {
    const expected = expectedError(error, signal);
    if (isAbsent(error, name.name)) return undefined;
    throw expected;
  }
}

/**
 * Reads the current version of a workload that was listed.
 *
 * @param keep reduces the object; undefined if it is no longer opted in
 * @param failure the beginning of the sentence if it cannot be read
 * @returns the workload; or the outcome if it cannot be handled
 * @throws the reason of the signal
 */
export async function readAgain(
  workload: Workload,
  keep: (object: WorkloadObject) => Promise<Workload | undefined>,
  failure: string,
  { cluster, reads, signal }: ReadContext,
): Promise<Workload | Said> {
  const { namespace, name } = workload;
  try {
    const object = await reads.run(namespace, () => cluster.getWorkload(workload, signal));
    return (await keep(object)) ?? optedOutMeanwhile;
  } catch (error) {
    const { message } = expectedError(error, signal);
    if (isAbsent(error, name)) return deletedMeanwhile;
    if (error instanceof AnswerTooLargeError) return workloadTooLarge;
    return { reason: 'Failed', sentence: `${failure}: ${message}` };
  }
}
