import { KeptLists } from '../../lib/concurrency/kept-lists.ts';
import { expectedError, WaveCronError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import { driverTitle, mountStatus, secretProviderClass } from '../../lib/kubernetes/kinds.ts';
import { mountedOf } from '../../lib/rules/adoption/mounted-in-pods.ts';
import {
  type Mounted,
  type MountStatus,
  type MountStatuses,
  readMountStatus,
} from '../../lib/rules/mounted.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { ReadContext } from '../context.ts';
import { readPods, whyPodsAreUnknown } from './pods.ts';

/** The maximum in one namespace. There is one status for each Pod and class. */
const maxStatuses = 50_000;
/** The maximum that stays in memory for further workloads: about 10 MB. */
const keptStatuses = 50_000;

const notServed = `the cluster does not have ${mountStatus.plural} of ${mountStatus.group}/${mountStatus.version}: install the ${driverTitle}, or remove ${secretProviderClass.kind} from the setting sourceKinds`;

type StatusesReading =
  | { readonly state: 'read'; readonly statuses: MountStatuses }
  | { readonly state: 'unreadable'; readonly why: string };

/** Reads which objects the Secrets Store CSI driver has mounted into the Pods of workloads. */
export class Mounts {
  readonly #context: ReadContext;
  readonly #lists: KeptLists<StatusesReading>;

  constructor(context: ReadContext) {
    this.#context = context;
    this.#lists = new KeptLists(
      keptStatuses,
      (namespace) => this.#list(namespace),
      (reading) => (reading.state === 'read' ? reading.statuses.size : 0),
    );
  }

  /**
   * Returns a function that gives the mounted objects of a class in the Pods of a workload.
   *
   * @throws the reason of the signal
   */
  async of(workload: Workload): Promise<(className: string) => Mounted> {
    const unknown = whyPodsAreUnknown(workload);
    if (unknown !== undefined) return () => ({ state: 'unknown', why: unknown });
    // The Pods are listed after the statuses. So a Pod that is created in between has no status yet.
    const reading = await this.#lists.of(workload.namespace);
    if (reading.state === 'unreadable') return () => reading;
    const pods = await readPods(workload, this.#context, true);
    return (className) => mountedOf(workload, className, pods, reading.statuses);
  }

  async #list(namespace: string): Promise<StatusesReading> {
    const { cluster, reads, signal } = this.#context;
    const statuses = new Map<string, MountStatus>();
    try {
      await reads.run(namespace, () =>
        cluster.listMountStatuses(namespace, signal, (page, restart) => {
          if (restart) statuses.clear();
          for (const object of page) {
            const found = readMountStatus(object);
            if (found !== undefined) statuses.set(found.key, found.status);
          }
          if (statuses.size > maxStatuses) {
            throw new WaveCronError(
              `namespace ${namespace} has more than ${maxStatuses} ${mountStatus.plural}`,
            );
          }
        }),
      );
    } catch (error) {
      const { message } = expectedError(error, signal);
      return { state: 'unreadable', why: isApiError(error, 404) ? notServed : message };
    }
    return { state: 'read', statuses };
  }
}
