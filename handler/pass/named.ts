import { expectedError, WaveCronError } from '../../lib/errors.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { ReadContext } from '../context.ts';
import { readByName } from '../reading/read-again.ts';
import type { KeepRead } from '../reading/workload-list.ts';

/** The workloads of a partial pass. */
export interface NamedWorkloads {
  readonly workloads: readonly WorkloadName[];
  /** The workloads of a namespace that may have an unfinished rollout. */
  readonly underWay: (namespace: string) => readonly WorkloadName[];
}

/** Ends a partial pass that cannot know what a full pass would do. The partial pass has written nothing. */
export class NeedsFullPass extends WaveCronError {
  override readonly name = 'NeedsFullPass';
}

/**
 * Reads workloads by name. Those that are gone or not opted in are left out.
 *
 * @throws NeedsFullPass if one cannot be read; the reason of the signal
 */
export async function readNamed(
  names: readonly WorkloadName[],
  keep: KeepRead,
  context: ReadContext,
): Promise<Workload[]> {
  const read = async (name: WorkloadName): Promise<Workload | undefined> => {
    try {
      return await readByName(name, keep, context);
    } catch (error) {
      const { message } = expectedError(error, context.signal);
      throw new NeedsFullPass(`a workload could not be read: ${message}`);
    }
  };
  const found = await Promise.all(names.map(read));
  return found.filter((each) => each !== undefined);
}
