/**
 * The writes of a hash that wave-cron can still know about. If a tool replaces a workload, only an
 * Event shows the number of writes of a hash. After this Event has expired, wave-cron may write the
 * hash twice again.
 */
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import type { SimulatedWrite } from '../server/server.ts';
import { account } from '../world/network.ts';
import type { Tracked } from './oracle.ts';

interface Counted {
  readonly workload: Tracked;
  readonly hash: string;
}

/** The uid of the workload that an Event is about. */
export const regardedUid = (event: KubernetesObject): string =>
  (event['regarding'] as { readonly uid?: string } | undefined)?.uid ?? '';

export class WriteMemory {
  /** The hash whose writes an Event counts, by the uid of the Event. */
  readonly #counted = new Map<string, Counted>();

  /** @param workload the workload that the Event is about */
  seeEvent(
    { verb, by }: SimulatedWrite,
    event: KubernetesObject,
    workload: Tracked | undefined,
  ): void {
    const { uid = '' } = event.metadata;
    if (verb === 'delete') {
      this.#forget(uid);
      return;
    }
    // An Event does not contain the hash. Without faults, it directly follows the write that it
    // records.
    const hash = workload?.notes.at(-1)?.hash;
    const isOfWrite = verb === 'create' && by === account && event['action'] === 'WriteHash';
    if (isOfWrite && workload !== undefined && hash !== undefined) {
      this.#counted.set(uid, { workload, hash });
    }
  }

  /** Forgets all writes until now, including a write that the Event had not yet counted. */
  #forget(uid: string): void {
    const counted = this.#counted.get(uid);
    this.#counted.delete(uid);
    for (const note of counted?.workload.notes ?? []) {
      if (note.hash === counted?.hash) note.isForgotten = true;
    }
  }
}
