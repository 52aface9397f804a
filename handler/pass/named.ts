import { expectedError, WaveCronError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { ReadContext } from '../context.ts';
import type { Keep } from '../reading/workload-list.ts';

/** The workloads of a partial pass. */
export interface NamedWorkloads {
  readonly workloads: readonly WorkloadName[];
  /** The workloads of a namespace that may have an unfinished rollout. */
  readonly underWay: (namespace: string) => readonly WorkloadName[];
}

/** A partial pass cannot know what a full pass would do. It has written nothing. */
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
  keep: Keep,
  { cluster, reads, signal }: ReadContext,
): Promise<Workload[]> {
  const read = async (name: WorkloadName): Promise<Workload[]> => {
    try {
      const get = () => cluster.getWorkload(name, signal);
      return [keep(name.kind, await reads.run(name.namespace, get)) ?? []].flat();
    } catch (error) {
      const { message } = expectedError(error, signal);
      if (isAbsent(error, name.name)) return [];
      throw new NeedsFullPass(`a workload could not be read: ${message}`);
    }
  };
  return (await Promise.all(names.map(read))).flat();
}
