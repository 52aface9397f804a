import { expectedError, UnreachableError, WaveCronError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { WorkloadInspector } from '../../lib/kubernetes/inspector.ts';
import { type WorkloadKind, withDefaultKinds } from '../../lib/kubernetes/kinds.ts';
import { objectTitle, type WorkloadName } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { nearest } from '../../lib/text/nearest.ts';

/** The dependencies of a command that answers a question about one workload. */
export interface InspectionDeps {
  readonly cluster: Cluster;
  readonly inspector: WorkloadInspector;
  /** The kinds of the settings, for suggestions. */
  readonly kinds: readonly WorkloadKind[];
  readonly signal: AbortSignal;
}

/**
 * Finds the workload that the user named.
 *
 * @throws WaveCronError if it does not exist; the message suggests similar workloads
 * @throws UnreachableError if it cannot be read
 */
export async function findWorkload(
  name: WorkloadName,
  deps: InspectionDeps,
): Promise<WorkloadObject> {
  const { cluster, signal } = deps;
  try {
    return await cluster.getWorkload(name, signal);
  } catch (error) {
    const { message } = expectedError(error, signal);
    const what = objectTitle(name);
    if (!isAbsent(error, name.name)) {
      throw new UnreachableError(`${what} cannot be read: ${message}`);
    }
    const hint = await nearMiss(name, deps);
    throw new WaveCronError(`${what} does not exist${hint === undefined ? '' : `; ${hint}`}`);
  }
}

/** The suggestion is optional, so its errors are ignored. */
async function nearMiss(
  { kind, namespace, name }: WorkloadName,
  { cluster, inspector, kinds, signal }: InspectionDeps,
): Promise<string | undefined> {
  const ask = async <T>(question: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await question();
    } catch (error) {
      expectedError(error, signal);
      return undefined;
    }
  };
  for (const other of withDefaultKinds(kinds).filter((each) => each !== kind)) {
    const found = await ask(() => cluster.getWorkload({ kind: other, namespace, name }, signal));
    if (found !== undefined) return `there is ${other} ${namespace}/${name}`;
  }
  const names = await ask(() => inspector.workloadNames(kind, namespace, signal));
  const near = nearest(name, names ?? []);
  if (near !== undefined) return `there is ${objectTitle({ kind, namespace, name: near })}`;
  if (names?.length !== 0) return undefined;
  return `namespace ${namespace} has no ${kind}: use -n for another namespace`;
}
