import { expectedError } from '../../lib/errors.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { type PassContext, sendWrite } from '../context.ts';

/**
 * Records on the workload that removed references were added again. The record is written after the
 * references, so a failed addition does not count. If the record cannot be written, the next pass
 * continues from the old count.
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
