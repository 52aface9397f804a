import { expectedError } from '../../lib/errors.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { type PassContext, sendWrite } from '../context.ts';

/**
 * Counts on the workload that references were put back which somebody had removed. It is written after
 * them, so that what could not be put back does not count. If it cannot be written, the next pass
 * counts from where this one did.
 *
 * @throws what `assertMayWrite` throws, and the reason of the signal
 */
export async function notePutBack(workload: Workload, context: PassContext): Promise<void> {
  const { cluster, annotationKeys, signal } = context;
  const times = Math.min(workload.ownership.putBack + 1, 9);
  const annotations = { [annotationKeys.putBack]: String(times) };
  const patch = { metadata: { uid: workload.uid, annotations } };
  try {
    await sendWrite(context, workload.namespace, (call) =>
      cluster.patchWorkload(workload, patch, call),
    );
  } catch (error) {
    expectedError(error, signal);
  }
}
